import type { Route } from '../route.ts';
import type { Operation } from './document.ts';
import { referenceTo } from './json-schema.ts';
import { parametersOf } from './parameters.ts';
import { responsesOf } from './responses.ts';

/** How a request shows who asks. */
export const security_schemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token of a registration or a log-in.',
  },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description: 'Stands for the token in the Location of a 307; good for that one request.',
  },
  audit_token: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Audit-Token',
    description: 'The token of the operators.',
  },
} as const;

/** A line of the route table. */
export function operationOf(route: Route, tag: string): Operation {
  const { body } = route;
  return {
    operationId: operationId(route),
    tags: [tag],
    summary: route.description.summary,
    security: securityOf(route),
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: requestBody(route, body) }),
    responses: responsesOf(route),
  };
}

/** `post_api_appointments_id_restore`: it stays as long as the address does. */
function operationId({ method, path }: Route): string {
  const words = path.split(/\W+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].join('_');
}

/** Any one of these. */
function securityOf({ access, kind }: Route): Operation['security'] {
  if (access === 'public') return [];
  if (access === 'operator') return [{ token: [] }, { audit_token: [] }];
  if (access === 'auditor') return [{ token: [], audit_token: [] }];
  return kind === 'write' ? [{ token: [] }, { ticket: [] }] : [{ token: [] }];
}

function requestBody(
  { method, has_optional_body }: Route,
  body: NonNullable<Route['body']>,
): NonNullable<Operation['requestBody']> {
  const media_type = { schema: referenceTo(body) };
  return {
    required: has_optional_body !== true,
    content: {
      'application/json': media_type,
      ...(method === 'PATCH' ? { 'application/merge-patch+json': media_type } : {}),
    },
  };
}
