import { createSecretKey, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { assert, must } from '../base/assert.ts';
import { err, ok } from '../base/result.ts';
import type { Result } from '../base/result.ts';
import { formatId, parseId } from '../agenda/id.ts';
import type { Key, User } from '../agenda/model.ts';
import { limits } from '../limits.ts';

/** What a token or a ticket says of its bearer, once its signature is good. */
export interface Session {
  readonly user_key: Key;
  /** The session is over when the person's is another. */
  readonly token_version: number;
  /** Log index that set it: a replica that has not applied it cannot judge yet. */
  readonly token_version_index: number;
}

/** Of a token: it also says when it ends. */
export interface TokenSession extends Session {
  /** Wall clock. */
  readonly expires_at_ms: number;
}

export interface TokenOptions {
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
  readonly ttl_s: number;
  /** Wall clock. */
  readonly now_ms: () => number;
}

const ALGORITHM = 'HS256';
const ISSUER = 'agenda';
const AUDIENCE = 'agenda-api';
const TYPE = 'JWT';
const REQUIRED_CLAIMS = ['exp', 'sub', 'jti', 'tv', 'tvi', 'username'];

/** Makes and verifies user tokens (RFC 7519, HS256 only) and remembers those it verified lately. */
export class Tokens {
  readonly #key: KeyObject;
  readonly #ttl_s: number;
  readonly #now_ms: () => number;
  /** In order of last use. */
  readonly #verified = new Map<string, TokenSession>();

  constructor({ secret, ttl_s, now_ms }: TokenOptions) {
    assert(secret.length >= 32, 'a token secret has at least 32 bytes');
    assert(ttl_s > 0, 'a token lives for a time');
    this.#key = createSecretKey(secret);
    this.#ttl_s = ttl_s;
    this.#now_ms = now_ms;
  }

  async issue(user: User): Promise<string> {
    const issued_at_s = Math.floor(this.#now_ms() / 1000);
    return new SignJWT({
      username: user.username,
      tv: user.token_version,
      tvi: user.token_version_index,
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(formatId('usr', user.key))
      .setJti(randomUUID())
      .setIssuedAt(issued_at_s)
      .setExpirationTime(issued_at_s + this.#ttl_s)
      .sign(this.#key);
  }

  /** The session of a token, or a sentence for its bearer. */
  async verify(token: string): Promise<Result<TokenSession, string>> {
    const remembered = this.#recall(token);
    if (remembered !== null) return ok(remembered);
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: REQUIRED_CLAIMS,
        currentDate: new Date(this.#now_ms()),
      });
      const session = sessionOf(payload);
      if (session === null) return err('The token is malformed: a claim has the wrong type.');
      this.#remember(token, session);
      return ok(session);
    } catch (error) {
      return err(explain(error));
    }
  }

  #recall(token: string): TokenSession | null {
    const remembered = this.#verified.get(token);
    if (remembered === undefined) return null;
    this.#verified.delete(token);
    if (remembered.expires_at_ms <= this.#now_ms()) return null;
    this.#verified.set(token, remembered);
    return remembered;
  }

  #remember(token: string, remembered: TokenSession): void {
    if (this.#verified.size >= limits.token_cache_max) {
      const oldest = this.#verified.keys().next();
      if (oldest.done !== true) this.#verified.delete(oldest.value);
    }
    this.#verified.set(token, remembered);
    assert(this.#verified.size <= limits.token_cache_max, 'more tokens remembered than allowed');
  }
}

function sessionOf(payload: JWTPayload): TokenSession | null {
  const { sub, exp, tv, tvi, username } = payload as JWTPayload &
    Record<'tv' | 'tvi' | 'username', unknown>;
  const user_key = parseId('usr', sub ?? '');
  if (user_key === null || typeof username !== 'string') return null;
  if (!isCount(tv) || !isCount(tvi)) return null;
  const expires_at_ms = must(exp, 'a token without the end that was required') * 1000;
  return { user_key, token_version: tv, token_version_index: tvi, expires_at_ms };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Tells apart what went wrong, without quoting the token. */
function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired; log in again.';
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `The token is signed with another algorithm; only ${ALGORITHM} is taken.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The signature of the token is wrong.';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `The token has no claim "${error.claim}".`
      : `The claim "${error.claim}" of the token is not the expected one.`;
  }
  if (error instanceof errors.JOSEError) return 'The token is malformed: it is not a signed JWT.';
  throw error;
}
