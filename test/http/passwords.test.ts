import { describe, expect, test } from '@jest/globals';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { common_passwords } from '../../src/http/common-passwords.ts';
import { isCommonPassword, PasswordHasher } from '../../src/http/passwords.ts';
import { limits } from '../../src/limits.ts';

const no_deadline = { ends_at_ms: Number.POSITIVE_INFINITY };

describe('passwords', () => {
  test('a hash is of our parameters and fits its password only', async () => {
    const hasher = new PasswordHasher();
    const hash = await hasher.hash('contraseña larga', no_deadline);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify('contraseña larga', hash, no_deadline)).toBe(true);
    expect(await hasher.verify('contrasen\u0303a larga', hash, no_deadline)).toBe(true);
    expect(await hasher.verify('Contraseña larga', hash, no_deadline)).toBe(false);
  });

  test('nobody has a password, and it is compared all the same', async () => {
    const hasher = new PasswordHasher();
    expect(await hasher.verify('', null, no_deadline)).toBe(false);
    expect(await hasher.verify('any password', null, no_deadline)).toBe(false);
  });

  test('common ones are known in any case', () => {
    expect(common_passwords.size).toBeGreaterThan(200);
    expect([...common_passwords].filter((one) => one.length < 8)).toEqual([]);
    expect(isCommonPassword('QWERTYuiop')).toBe(true);
    expect(isCommonPassword('CONTRASEÑA')).toBe(true);
    expect(isCommonPassword('an uncommon password')).toBe(false);
  });
});

/** Hashes when told to, and counts. */
class ManualEngine {
  running = 0;
  running_max = 0;
  started = 0;
  readonly #finishes: (() => void)[] = [];

  hash(): Promise<string> {
    return this.verify().then(() => 'hash');
  }

  async verify(): Promise<boolean> {
    this.started += 1;
    this.running += 1;
    this.running_max = Math.max(this.running_max, this.running);
    await new Promise<void>((resolve) => this.#finishes.push(resolve));
    this.running -= 1;
    return true;
  }

  /** Lets all that run end, and what follows them, until nothing runs. */
  async finishAll(): Promise<void> {
    for (await nextTurn(); this.running > 0; await nextTurn()) {
      for (const finish of this.#finishes.splice(0)) finish();
    }
  }
}

describe('what waits', () => {
  const room = limits.password_hashes_at_once + limits.password_hashes_waiting_max;

  test('is bounded: beyond it, overloaded, and all others get their turn, two at a time', async () => {
    const engine = new ManualEngine();
    const hasher = new PasswordHasher(engine);
    const all = Promise.allSettled(
      Array.from({ length: room + 3 }, () => hasher.verify('any', 'hash', no_deadline)),
    );
    await nextTurn();
    expect([engine.started, engine.running]).toEqual([2, 2]);
    await engine.finishAll();
    const refused = (await all).filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(3);
    for (const { reason } of refused) expect(reason.problem.code).toBe('overloaded');
    expect([engine.started, engine.running_max]).toEqual([room, 2]);
    // All places are free again.
    const again = [hasher.hash('any', no_deadline), hasher.hash('any', no_deadline)];
    await nextTurn();
    expect(engine.running).toBe(2);
    await engine.finishAll();
    expect(await Promise.all(again)).toEqual(['hash', 'hash']);
  });

  test('is not hashed any more when nobody waits for it', async () => {
    const engine = new ManualEngine();
    const hasher = new PasswordHasher(engine);
    const running = [hasher.hash('any', no_deadline), hasher.hash('any', no_deadline)];
    const late = expect(hasher.hash('any', { ends_at_ms: 0 })).rejects.toMatchObject({
      problem: { code: 'overloaded' },
    });
    const next = hasher.hash('any', no_deadline);
    await engine.finishAll();
    await late;
    expect(await Promise.all([...running, next])).toEqual(['hash', 'hash', 'hash']);
    expect(engine.started).toBe(3);
  });

  test('a storm of log-ins leaves libuv threads for files and names', async () => {
    const hasher = new PasswordHasher();
    let done = 0;
    const storm = Array.from({ length: 100 }, () =>
      hasher.verify('any password', null, no_deadline).then(() => (done += 1)),
    );
    await readFile(fileURLToPath(import.meta.url));
    await lookup('localhost');
    // With all four threads taken, and first come first served, most of the hundred would be over.
    expect(done).toBeLessThan(50);
    await Promise.all(storm);
    expect(done).toBe(100);
  }, 120_000);
});
