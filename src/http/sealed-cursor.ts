import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { invalidField } from './validate.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NUMBER_BYTES = 8;

/** Characters of a cursor of so many numbers, in base64url. */
export function sealedCharacters(numbers: number): number {
  return Math.ceil(((NONCE_BYTES + numbers * NUMBER_BYTES + TAG_BYTES) * 4) / 3);
}

/**
 * A place in a list as a text that says nothing of it, and that nobody else can make: for lists whose
 * order depends on what their reader may not see. `of` is what the list is of; it opens for that alone.
 */
export function sealCursor(secret: Uint8Array, of: string, place: readonly number[]): string {
  assert(place.every(Number.isSafeInteger), 'a place that is no whole number');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, secret, nonce).setAAD(Buffer.from(of));
  const numbers = Buffer.alloc(place.length * NUMBER_BYTES);
  place.forEach((number, at) => numbers.writeBigInt64BE(BigInt(number), at * NUMBER_BYTES));
  const sealed = [nonce, cipher.update(numbers), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64url');
}

/** The place in a cursor of this list. Throws `invalid_request` when it is none. */
export function openCursor(secret: Uint8Array, of: string, cursor: string): readonly number[] {
  const sealed = Buffer.from(cursor, 'base64url');
  try {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tag = sealed.subarray(Math.max(NONCE_BYTES, sealed.length - TAG_BYTES));
    const decipher = createDecipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(of)).setAuthTag(tag);
    const content = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
    const numbers = Buffer.concat([decipher.update(content), decipher.final()]);
    return Array.from({ length: numbers.length / NUMBER_BYTES }, (_, at) =>
      Number(numbers.readBigInt64BE(at * NUMBER_BYTES)),
    );
  } catch {
    throw invalidField('cursor', 'must be the next_cursor of an answer');
  }
}
