import type { Prng } from '../../../src/base/prng.ts';
import type { JsonSchema } from '../../../src/http/openapi/document.ts';
import { chance, letters, pick } from './chance.ts';
import type { KnownValues } from './known-values.ts';

const HOUR_MS = 3_600_000;
/** So few that appointments meet. */
const HOURS = 60 * 24;
const SHORT_CHARACTERS = 12;

export interface ValueSource {
  readonly prng: Prng;
  readonly known: KnownValues;
}

/** Times within one request ascend, and are either all instants or all dates: so ends are after starts. */
interface Times {
  at_ms: number;
  readonly are_dates: boolean;
}

/** A value that the schema lets in, and that mostly means something. */
export function validValue(source: ValueSource, schema: JsonSchema, name = ''): unknown {
  const { prng } = source;
  const times: Times = {
    at_ms: Date.UTC(2027, 0, 1) + prng.below(HOURS) * HOUR_MS,
    are_dates: chance(prng, 15),
  };
  return valueOf({ ...source, times }, schema, name);
}

function valueOf(
  source: ValueSource & { readonly times: Times },
  schema: JsonSchema,
  name: string,
): unknown {
  const { prng } = source;
  const type = Array.isArray(schema['type']) ? pick(prng, schema['type']) : schema['type'];
  if (Array.isArray(schema['enum'])) return pick(prng, schema['enum']);
  switch (type) {
    case 'object':
      return objectOf(source, schema);
    case 'array':
      return Array.from({ length: prng.below(2) }, () =>
        valueOf(source, schema['items'] as JsonSchema, ''),
      );
    case 'boolean':
      return name === 'all_day' ? source.times.are_dates : chance(prng, 50);
    case 'null':
      return null;
    case 'integer': {
      const least = Number(schema['minimum'] ?? 0);
      return least + prng.below(Math.min(Number(schema['maximum'] ?? 100), 100));
    }
    case 'string':
      return textOf(source, schema, name);
    default:
      // Anything, or one of several.
      return Array.isArray(schema['anyOf'])
        ? valueOf(source, pick(prng, schema['anyOf'] as JsonSchema[]), name)
        : null;
  }
}

function objectOf(
  source: ValueSource & { readonly times: Times },
  schema: JsonSchema,
): Record<string, unknown> {
  const { prng } = source;
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const one_of = schema['oneOf'] as { required: string[] }[] | undefined;
  const alternatives = (one_of ?? []).flatMap(({ required }) => required);
  const chosen = one_of === undefined ? [] : pick(prng, one_of).required;
  const required = [...((schema['required'] ?? []) as string[]), ...chosen];
  const value: Record<string, unknown> = {};
  for (const [name, property] of properties) {
    const is_left_out = alternatives.includes(name) || chance(prng, 80);
    if (!required.includes(name) && is_left_out && name !== 'all_day') continue;
    value[name] = valueOf(source, property, name);
  }
  return value;
}

function textOf(
  { prng, known, times }: ValueSource & { readonly times: Times },
  schema: JsonSchema,
  name: string,
): string {
  const any_of = (schema['anyOf'] ?? []) as JsonSchema[];
  const formats = [schema, ...any_of].flatMap(({ format }) => format ?? []);
  if (formats.includes('date-time')) {
    times.at_ms += (1 + prng.below(48)) * HOUR_MS;
    const text = new Date(times.at_ms).toISOString();
    if (!times.are_dates || !formats.includes('date')) return text;
    times.at_ms += 24 * HOUR_MS;
    return text.slice(0, 'yyyy-mm-dd'.length);
  }
  if (Array.isArray(schema['examples'])) return String(pick(prng, schema['examples']));
  // What has a form is chosen, and better new; passwords are known or useless.
  const has_form = 'minLength' in schema || formats.includes('email');
  const is_chosen = has_form && !name.includes('password');
  const known_value = known.any(prng, name, is_chosen ? 80 : 10);
  if (known_value !== null) return known_value;
  if (formats.includes('email')) return `${letters(prng, SHORT_CHARACTERS)}@example.org`;
  const least = Number(schema['minLength'] ?? 0);
  const most = Math.min(Number(schema['maxLength'] ?? SHORT_CHARACTERS), least + SHORT_CHARACTERS);
  return letters(prng, least + prng.below(most - least + 1));
}
