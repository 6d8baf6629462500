import { describe, expect, test } from '@jest/globals';
import {
  sha256Hex,
  signAnswer,
  signRequest,
  verifyAnswer,
  verifyRequest,
} from '../../../src/consensus/rpc/signature.ts';
import { createKeyring } from '../../../src/consensus/rpc/keyring.ts';

const RING = createKeyring([
  'first secret that is long enough 0',
  'second secret, long enough 01234',
]);
const { key } = RING.primary;
const REQUEST = { method: 'POST', target: '/a?b=1', content_type: 'x/y', envelope_text: '1,e' };
const ANSWER = {
  request_signature: 'ab'.repeat(32),
  status: 200,
  content_type: 'x/y',
  envelope_text: '1,e',
};

describe('signature', () => {
  test('holds for exactly what was signed', () => {
    const signature = signRequest(key, REQUEST);
    expect(verifyRequest(key, REQUEST, signature)).toBe(true);
    for (const field of ['method', 'target', 'content_type', 'envelope_text'] as const) {
      expect(verifyRequest(key, { ...REQUEST, [field]: 'other' }, signature)).toBe(false);
    }
    expect(verifyRequest(key, REQUEST, signature.toUpperCase())).toBe(false);
    expect(verifyRequest(key, REQUEST, '')).toBe(false);
  });

  test('no text moves from one field to the next unnoticed', () => {
    const signature = signRequest(key, { ...REQUEST, target: '/a', content_type: 'b' });
    const moved = { ...REQUEST, target: '/a\nb', content_type: '' };
    expect(verifyRequest(key, moved, signature)).toBe(false);
    expect(() => signRequest(key, moved)).toThrow(/printable/);
  });

  test('that of an answer binds it to its request, and is none of a request', () => {
    const signature = signAnswer(key, ANSWER);
    expect(verifyAnswer(key, ANSWER, signature)).toBe(true);
    const other = 'cd'.repeat(32);
    expect(verifyAnswer(key, { ...ANSWER, request_signature: other }, signature)).toBe(false);
    expect(verifyAnswer(key, { ...ANSWER, status: 401 }, signature)).toBe(false);
    const as_request = {
      method: ANSWER.request_signature,
      target: '200',
      content_type: 'x/y',
      envelope_text: '1,e',
    };
    expect(verifyRequest(key, as_request, signature)).toBe(false);
  });

  test('the hash is SHA-256 (FIPS 180-4, "abc")', () => {
    expect(sha256Hex(Buffer.from('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('keyring', () => {
  test('signs with the first secret and finds all by ids that differ', () => {
    const reversed = createKeyring([
      'second secret, long enough 01234',
      'first secret that is long enough 0',
    ]);
    expect(RING.primary.key_id).toMatch(/^[0-9a-f]{8}$/);
    expect(RING.primary.key_id).not.toBe(reversed.primary.key_id);
    expect(RING.find(reversed.primary.key_id)).not.toBeNull();
    expect(RING.find('00000000')).toBeNull();
  });

  test('takes no short secret and needs one', () => {
    expect(() => createKeyring(['x'.repeat(31)])).toThrow(/32 bytes/);
    expect(() => createKeyring([])).toThrow(/without a secret/);
  });
});
