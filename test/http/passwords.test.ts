import { describe, expect, test } from '@jest/globals';
import { common_passwords } from '../../src/http/common-passwords.ts';
import { isCommonPassword, PasswordHasher } from '../../src/http/passwords.ts';
import { limits } from '../../src/limits.ts';

describe('passwords', () => {
  test('a hash is of our parameters and fits its password only', async () => {
    const hasher = new PasswordHasher();
    const hash = await hasher.hash('contraseña larga');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify('contraseña larga', hash)).toBe(true);
    expect(await hasher.verify('contrasen\u0303a larga', hash)).toBe(true);
    expect(await hasher.verify('Contraseña larga', hash)).toBe(false);
  });

  test('nobody has a password, and it is compared all the same', async () => {
    const hasher = new PasswordHasher();
    expect(await hasher.verify('', null)).toBe(false);
    expect(await hasher.verify('any password', null)).toBe(false);
  });

  test('what waits is bounded: beyond it, overloaded, and all others get their turn', async () => {
    const hasher = new PasswordHasher();
    const room = limits.password_hashes_at_once + limits.password_hashes_waiting_max;
    const outcomes = await Promise.allSettled(
      Array.from({ length: room + 3 }, () => hasher.verify('any password', null)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(3);
    for (const { reason } of refused) expect(reason.problem.code).toBe('overloaded');
    expect(await hasher.verify('any password', null)).toBe(false);
  }, 60_000);

  test('common ones are known in any case', () => {
    expect(common_passwords.size).toBeGreaterThan(200);
    expect([...common_passwords].filter((one) => one.length < 8)).toEqual([]);
    expect(isCommonPassword('QWERTYuiop')).toBe(true);
    expect(isCommonPassword('CONTRASEÑA')).toBe(true);
    expect(isCommonPassword('an uncommon password')).toBe(false);
  });
});
