import { limits } from '../../limits.ts';
import type { Route } from '../route.ts';
import type { Parameter, Reference } from './document.ts';
import { queryJsonSchemas } from './json-schema.ts';

/** Parameters that more than one line of the route table takes. */
export const common_parameters = {
  request_id: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description: 'Names this request; anything else than such a name is replaced by another.',
    schema: { type: 'string' },
  },
  idempotency_key: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A success is remembered under it for 24 hours, and given again to the same request.',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: limits.idempotency_key_characters_max,
      pattern: '^[ -~]+$',
    },
  },
  routing: {
    name: 'Agenda-Routing',
    in: 'header',
    required: false,
    description: 'What a follower does with a write: hand it to the leader, or answer 307.',
    schema: { type: 'string', enum: ['forward', 'redirect'] },
  },
  if_match: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The version to change; when it has another, nothing is changed. Without it any.',
    schema: { type: 'string', examples: ['"1"'] },
  },
  consistency: {
    name: 'consistency',
    in: 'query',
    required: false,
    description: 'Answer at once with what this replica has; else it is linearizable.',
    schema: { type: 'string', enum: ['local'] },
  },
  min_index: {
    name: 'min_index',
    in: 'query',
    required: false,
    description: 'Wait until the replica has applied this Agenda-Index.',
    schema: { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 },
  },
} as const satisfies Readonly<Record<string, Parameter>>;

const path_parameter = /:(\w+)/g;

/** The path as OpenAPI writes it: `/api/appointments/{id}`. */
export function pathTemplate(path: string): string {
  return path.replace(path_parameter, '{$1}');
}

/** Everything a line takes beside its body and what shows who asks. */
export function parametersOf(route: Route): readonly (Parameter | Reference)[] {
  return [
    ...[...route.path.matchAll(path_parameter)].map(([, name = '']) => pathParameter(name)),
    ...(route.query === undefined ? [] : queryParameters(route.query)),
    ...commonTo(route).map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

function pathParameter(name: string): Parameter {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } };
}

function queryParameters(query: NonNullable<Route['query']>): readonly Parameter[] {
  const { properties, required } = queryJsonSchemas(query);
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema };
  });
}

function commonTo({ kind, method, description }: Route): (keyof typeof common_parameters)[] {
  const names: (keyof typeof common_parameters)[] = ['request_id'];
  if (kind === 'write') names.push('idempotency_key', 'routing');
  if (description.takes_if_match === true) names.push('if_match');
  if (method === 'GET' && kind !== 'probe') names.push('consistency', 'min_index');
  return names;
}
