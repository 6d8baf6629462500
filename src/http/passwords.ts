import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { limits } from '../limits.ts';
import { common_passwords } from './common-passwords.ts';
import { foldText } from './fold.ts';
import type { Deadline } from './deadline.ts';
import { WaitingLine } from './waiting-line.ts';

/** Argon2id (RFC 9106) with the parameters of the contract: 19 MiB, two passes, one lane. */
const ARGON2ID = 2;
const MEMORY_KIB = 19 * 1024;
const PASSES = 2;
const LANES = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const options = {
  algorithm: ARGON2ID,
  memoryCost: MEMORY_KIB,
  timeCost: PASSES,
  parallelism: LANES,
  outputLen: HASH_BYTES,
} as const;

/** Whether the password is among the most used ones, whatever its case. */
export function isCommonPassword(password: string): boolean {
  return common_passwords.has(foldText(password));
}

/** What computes the hashes, off this thread. */
export interface PasswordEngine {
  /** PHC string. */
  hash(password: string): Promise<string>;
  verify(password_hash: string, password: string): Promise<boolean>;
}

const argon2id: PasswordEngine = {
  hash: (password) => hash(password, options),
  verify: (password_hash, password) => verify(password_hash, password),
};

/**
 * Hashes passwords, few at a time: each takes a thread of libuv's pool and 19 MiB, and DNS and file calls
 * want those threads too.
 */
export class PasswordHasher {
  readonly #engine: PasswordEngine;
  /** No password has it, and comparing with it costs as much as with a real one. */
  readonly #nobodys_hash = nobodysHash();
  readonly #line = new WaitingLine({
    at_once: limits.password_hashes_at_once,
    waiting_max: limits.password_hashes_waiting_max,
    too_many: 'Too many people log in or register at this moment; try again.',
  });

  constructor(engine: PasswordEngine = argon2id) {
    this.#engine = engine;
  }

  /** PHC string. */
  async hash(password: string, deadline: Deadline): Promise<string> {
    return this.#line.inTurn(deadline, () => this.#engine.hash(normalize(password)));
  }

  /** `password_hash` null: of nobody. It takes as long and is never right. */
  async verify(
    password: string,
    password_hash: string | null,
    deadline: Deadline,
  ): Promise<boolean> {
    const compared_hash = password_hash ?? this.#nobodys_hash;
    const is_right = await this.#line.inTurn(deadline, () =>
      this.#engine.verify(compared_hash, normalize(password)),
    );
    return is_right && password_hash !== null;
  }
}

const base64_of_salt = Math.ceil((SALT_BYTES * 4) / 3);
const base64_of_hash = Math.ceil((HASH_BYTES * 4) / 3);
const our_hash = new RegExp(
  String.raw`^\$argon2id\$v=19\$m=${MEMORY_KIB},t=${PASSES},p=${LANES}` +
    String.raw`\$[A-Za-z0-9+/]{${base64_of_salt}}\$[A-Za-z0-9+/]{${base64_of_hash}}$`,
);

/** Whether a text is a hash with exactly the parameters and lengths that {@link PasswordHasher} uses. */
export function isOurPasswordHash(text: string): boolean {
  return our_hash.test(text);
}

/** One password, however the keyboard composed it (NIST SP 800-63B, section 5.1.1.2). */
function normalize(password: string): string {
  return password.normalize('NFKC');
}

function nobodysHash(): string {
  const base64 = (bytes: number): string =>
    randomBytes(bytes).toString('base64').replaceAll('=', '');
  const parameters = `m=${MEMORY_KIB},t=${PASSES},p=${LANES}`;
  return `$argon2id$v=19$${parameters}$${base64(SALT_BYTES)}$${base64(HASH_BYTES)}`;
}
