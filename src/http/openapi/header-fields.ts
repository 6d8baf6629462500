import type { Route } from '../route.ts';
import type { HeaderField, Reference } from './document.ts';

const text = { type: 'string' } as const;
const count = { type: 'string', pattern: '^[0-9]+$' } as const;

/** Header fields of answers. */
export const header_fields = {
  'X-Request-Id': {
    description: 'Names this request in the logs; that of the request when it is well formed.',
    schema: text,
  },
  ETag: { description: 'The version, for If-Match.', schema: text },
  Location: { description: 'Where it is.', schema: { ...text, format: 'uri-reference' } },
  'Agenda-Index': {
    description: 'Where the write stands in the log, done or refused: what min_index can wait for.',
    schema: count,
  },
  'Agenda-Stale-Ms': {
    description: 'With consistency=local: how old the state may be, in milliseconds, or unknown.',
    schema: { type: 'string', pattern: '^([0-9]+|unknown)$' },
  },
  'Agenda-Served-By': {
    description: 'The leader, when the write was handed to it by the replica that was asked.',
    schema: text,
  },
  'Idempotency-Replayed': {
    description: 'The first answer to this Idempotency-Key, again.',
    schema: { type: 'string', const: 'true' },
  },
  'Retry-After': { description: 'Seconds after which it is worth another try.', schema: count },
  'WWW-Authenticate': { description: 'How to show who one is.', schema: text },
} as const satisfies Readonly<Record<string, HeaderField>>;

export type HeaderFieldName = keyof typeof header_fields;

/** What any answer of such a line may carry. */
export function headersOfKind(kind: Route['kind']): readonly HeaderFieldName[] {
  if (kind === 'write') return ['X-Request-Id', 'Agenda-Index', 'Agenda-Served-By'];
  return kind === 'read' ? ['X-Request-Id', 'Agenda-Stale-Ms'] : ['X-Request-Id'];
}

export function headerReferences(
  names: readonly HeaderFieldName[],
): Readonly<Record<string, Reference>> {
  return Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/headers/${name}` } as const]),
  );
}
