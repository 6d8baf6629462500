import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestKey } from '../agenda/command.ts';
import { limits } from '../limits.ts';
import { ProblemError } from './problem.ts';

/** Of what a success is remembered, beside the key itself. */
export interface RequestScope {
  /** Id of the user; for a registration the folded username. */
  readonly who: string;
  readonly method: string;
  readonly path: string;
}

const printable_ascii = new RegExp(`^[\\x20-\\x7e]{1,${limits.idempotency_key_characters_max}}$`);

/** Fields that are secrets: they enter no fingerprint, however it is keyed. */
const password_fields: ReadonlySet<string> = new Set([
  'password',
  'current_password',
  'new_password',
]);

/** The `Idempotency-Key`, or null without one. Throws `invalid_request` when it is not well formed. */
export function idempotencyKeyOf(request: IncomingMessage): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && printable_ascii.test(key)) return key;
  const detail = `The Idempotency-Key must have 1 to ${limits.idempotency_key_characters_max} printable ASCII characters.`;
  throw new ProblemError({ code: 'invalid_request', detail });
}

/** What makes a request one that is sent again, and not a new one. */
interface GivenKey {
  readonly key: string | null;
  readonly ticket_id: string | null;
}

/**
 * Under what a success is remembered: the client's key for a day, else the id of its redirect ticket for
 * as long as that could come again; null when there is neither. `body` is what passed the schema's syntax.
 */
export function requestKeyOf(
  secret: Uint8Array,
  scope: RequestScope,
  given: GivenKey,
  body: unknown,
): RequestKey | null {
  if (given.key === null && given.ticket_id === null) return null;
  return requestKeyWith(secret, scope, given, fingerprintOf(secret, body));
}

/** {@link requestKeyOf} for a body that is known by its fingerprint. */
export function requestKeyWith(
  secret: Uint8Array,
  scope: RequestScope,
  given: GivenKey,
  fingerprint: string,
): RequestKey | null {
  const by_client = given.key !== null;
  const name = given.key ?? given.ticket_id;
  if (name === null) return null;
  const origin = by_client ? 'key' : 'ticket';
  // With a slash at its end it is the same address.
  const path =
    scope.path.length > 1 && scope.path.endsWith('/') ? scope.path.slice(0, -1) : scope.path;
  const scope_parts = [scope.who, scope.method, path, origin, name];
  return {
    scope_hash: keyedHash(secret, `scope\n${JSON.stringify(scope_parts)}`),
    fingerprint,
    ttl_ms: by_client ? limits.request_key_ttl_ms : limits.ticket_key_ttl_ms,
  };
}

/** Keyed hash of a body without its passwords, hexadecimal. */
export function fingerprintOf(secret: Uint8Array, body: unknown): string {
  return keyedHash(secret, `body\n${JSON.stringify(canonical(body))}`);
}

function keyedHash(secret: Uint8Array, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** Members in one order, passwords left out: the same request, however its JSON was written. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([name]) => !password_fields.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => [name, canonical(member)]);
}
