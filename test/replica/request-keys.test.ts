import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { keyAt } from '../../src/agenda/id.ts';
import type { CommandOutcome } from '../../src/agenda/outcome.ts';
import { limits } from '../../src/limits.ts';
import { RequestKeys } from '../../src/replica/request-keys.ts';
import type { RequestKeysOptions } from '../../src/replica/request-keys.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  applyAll,
  DAY_MS,
  HOUR_MS,
  MIDNIGHT,
  openMachine,
  registerBody,
  requestKey,
  STORAGE_ID,
  TestLog,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('request-keys');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

function outcomesOf(log: TestLog): (CommandOutcome | null)[] {
  const open = openMachine(newPath());
  try {
    return applyAll(open.machine, log.entries);
  } finally {
    open.close();
  }
}

describe('a request with a key', () => {
  const remember = requestKey('key');
  const later = { start: MIDNIGHT + 15 * HOUR_MS, end: MIDNIGHT + 16 * HOUR_MS };

  test('gets the first answer again and changes nothing', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    const first = log.book(ana, {}, { remember });
    log.book(ana, {}, { remember });
    // Were it applied twice, this would say so.
    log.book(ana, {});
    const answer = { kind: 'appointment', key: keyAt(first, 0), version: 1 };
    expect(outcomesOf(log).slice(1)).toMatchObject([
      { kind: 'done', answer, replayed: false },
      { kind: 'done', answer, replayed: true },
      { kind: 'refused', refusal: { code: 'conflict', overlaps: [keyAt(first, 0)] } },
    ]);
  });

  test('works for a registration too', () => {
    const log = new TestLog();
    log.command(registerBody('Ana'), { remember });
    log.command(registerBody('Ana'), { remember });
    log.command(registerBody('Ana'));
    expect(outcomesOf(log)).toMatchObject([
      { kind: 'done', replayed: false },
      { kind: 'done', replayed: true, answer: { kind: 'profile', key: keyAt(1, 0) } },
      { kind: 'refused', refusal: { code: 'username_taken' } },
    ]);
  });

  test('and another body is refused', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    log.book(ana, {}, { remember });
    log.book(ana, later, { remember: requestKey('key', 'another body') });
    log.book(ana, later, { remember: requestKey('another key', 'another body') });
    expect(outcomesOf(log).slice(1)).toMatchObject([
      { kind: 'done' },
      { kind: 'refused', refusal: { code: 'idempotency_key_reused' } },
      { kind: 'done', replayed: false },
    ]);
  });

  test('that was refused is judged anew', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    log.book(ana);
    log.book(ana, {}, { remember });
    log.book(ana, later, { remember: requestKey('key', 'another body') });
    expect(outcomesOf(log).slice(1)).toMatchObject([
      { kind: 'done' },
      { kind: 'refused', refusal: { code: 'conflict' } },
      { kind: 'done', replayed: false },
    ]);
  });

  test('is forgotten by state time, to the millisecond', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    const short = requestKey('key', 'body', 1_000);
    log.book(ana, {}, { remember: short, at: MIDNIGHT });
    log.book(ana, {}, { remember: short, at: MIDNIGHT + 999 });
    log.book(ana, later, { remember: short, at: MIDNIGHT + 1_000 });
    // Its own clock says that it is early; state time says that the second is remembered still.
    log.book(ana, {}, { remember: short, at: MIDNIGHT });
    expect(outcomesOf(log).slice(1)).toMatchObject([
      { kind: 'done', replayed: false, answer: { key: keyAt(2, 0) } },
      { kind: 'done', replayed: true, answer: { key: keyAt(2, 0) } },
      { kind: 'done', replayed: false, answer: { key: keyAt(4, 0) } },
      { kind: 'done', replayed: true, answer: { key: keyAt(4, 0) } },
    ]);
  });

  test('is answered only to a session that has not ended', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    log.book(ana, {}, { remember });
    log.book(ana, {}, { remember, token_version: 0 });
    expect(outcomesOf(log)[2]).toMatchObject({ refusal: { code: 'unauthenticated' } });
  });
});

describe('what is kept', () => {
  const answer = { kind: 'user', key: 1, version: 1 } as const;

  function opened(
    use: (keys: RequestKeys, count: () => number) => void,
    bounds: Omit<RequestKeysOptions, 'requests'> = {},
  ): void {
    const { store } = openAgendaStore({ path: newPath(), storage_id: STORAGE_ID });
    use(new RequestKeys({ requests: store.requests, ...bounds }), () => store.requests.count());
    store.close();
  }

  test('is pruned once forgotten, a few with each command', () => {
    opened((keys, count) => {
      for (let index = 1; index <= 10; index += 1) {
        keys.remember(requestKey(`key ${index}`, '', 1_000), answer, index, 0);
      }
      keys.remember(requestKey('long'), answer, 11, 0);
      expect(keys.prune(999)).toBe(0);
      expect([keys.prune(1_000), keys.prune(1_000), keys.prune(1_000), keys.prune(1_000)]).toEqual([
        4, 4, 2, 0,
      ]);
      expect(count()).toBe(1);
      expect(keys.find(requestKey('long').scope_hash, 1_000)).toMatchObject({ entry_index: 11 });
    });
  });

  test('has a bound, beyond which what would be forgotten first goes', () => {
    opened(
      (keys, count) => {
        keys.remember(requestKey('day'), answer, 1, 0);
        keys.remember(requestKey('ticket', '', 1_000), answer, 2, 0);
        keys.remember(requestKey('next day'), answer, 3, 5);
        keys.remember(requestKey('last day'), answer, 4, 6);
        expect(count()).toBe(2);
        const found = ['day', 'ticket', 'next day', 'last day'].map(
          (name) => keys.find(requestKey(name).scope_hash, 7)?.entry_index ?? null,
        );
        expect(found).toEqual([null, null, 3, 4]);
      },
      { request_keys_max: 2 },
    );
    expect(limits.request_keys_max).toBe(1_000_000);
  });

  test('at most 1 KiB each and 256 MiB in all', () => {
    const profile = {
      kind: 'profile',
      key: 1,
      version: 1,
      display_name: 'é'.repeat(300),
      email: 'ana@example.org',
      time_zone: 'UTC',
      locale: 'en',
      share_busy: true,
      updated_at: 0,
    } as const;
    const stored_bytes = Buffer.byteLength(JSON.stringify(profile));
    // Room for three of these, and then for the largest that there may be.
    const answers_bytes_max = 3 * stored_bytes + limits.stored_answer_bytes_max;
    opened(
      (keys, count) => {
        for (let index = 1; index <= 12; index += 1) {
          keys.remember(requestKey(`key ${index}`), profile, index, index);
        }
        expect(count()).toBe(4);
        expect(keys.find(requestKey('key 8').scope_hash, 13)).toBeNull();
        // What is read again after a transaction that was rolled back is the same.
        keys.reload();
        keys.remember(requestKey('key 13'), profile, 13, 13);
        expect(count()).toBe(4);
        expect(keys.find(requestKey('key 10').scope_hash, 13)).toMatchObject({ entry_index: 10 });
        const larger = { ...profile, display_name: 'é'.repeat(600) };
        expect(() => keys.remember(requestKey('larger'), larger, 14, 14)).toThrow('too large');
      },
      { answers_bytes_max },
    );
    expect(limits.stored_answer_bytes_max).toBe(1_024);
    const { stored_answers_bytes_max, appointment_versions_bytes_max } = limits;
    expect(stored_answers_bytes_max + appointment_versions_bytes_max).toBe(256 * 1_024 * 1_024);
  });

  test('a scope that is forgotten and not pruned yet can be used again', () => {
    opened((keys, count) => {
      keys.remember(requestKey('key'), answer, 1, 0);
      expect(keys.find(requestKey('key').scope_hash, DAY_MS)).toBeNull();
      keys.remember(requestKey('key'), answer, 2, DAY_MS);
      expect(count()).toBe(1);
      expect(keys.find(requestKey('key').scope_hash, DAY_MS)).toMatchObject({ entry_index: 2 });
    });
  });

  test('two scopes with the same head are two', () => {
    opened((keys) => {
      const one = { ...requestKey('key'), scope_hash: `${'ab'.repeat(8)}01` };
      const other = { ...one, scope_hash: `${'ab'.repeat(8)}02` };
      keys.remember(one, answer, 1, 0);
      expect(keys.find(other.scope_hash, 1)).toBeNull();
      keys.remember(other, answer, 2, 0);
      expect(keys.find(one.scope_hash, 1)).toMatchObject({ entry_index: 1 });
      expect(keys.find(other.scope_hash, 1)).toMatchObject({ entry_index: 2 });
    });
  });
});
