import { createHmac } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { secretEqual } from './secret-equal.ts';

const SECRET_BYTES_MIN = 32;

/**
 * JSON that only who has the secret can have written, for one purpose: letters, digits, `-`, `_` and one
 * dot, fit for a URL and for a header field's token (RFC 9110, section 5.6.2). It can be read by everybody.
 */
export function signPayload(secret: Uint8Array, purpose: string, payload: object): string {
  const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
  return `${text}.${signatureOf(secret, purpose, text)}`;
}

/** The JSON again; undefined when it is not genuine. */
export function readSignedPayload(secret: Uint8Array, purpose: string, signed: string): unknown {
  const [text = '', signature = '', ...rest] = signed.split('.');
  if (rest.length > 0 || !secretEqual(signature, signatureOf(secret, purpose, text))) {
    return undefined;
  }
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
}

function signatureOf(secret: Uint8Array, purpose: string, text: string): string {
  assert(secret.length >= SECRET_BYTES_MIN, 'a signing secret has at least 32 bytes');
  return createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('base64url');
}
