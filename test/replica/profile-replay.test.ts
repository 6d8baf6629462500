import { afterAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { limits } from '../../src/limits.ts';
import {
  applyAll,
  DAY_MS,
  profileBody,
  requestKey,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('profile-replay');
afterAll(directory.remove);

test('a replayed profile is the one of then, after later changes and a restart, and forgotten in time', () => {
  const path = join(directory.path, 'agenda.db');
  const log = new TestLog();
  const by = log.register('Ana');
  const remember = requestKey('profile');
  const first = profileBody({ display_name: 'First', display_name_folded: 'first' });
  log.command(first, { by, token_version: 1, remember });
  log.command(profileBody({ display_name: 'Later' }), { by, token_version: 1 });
  const outcomes = withMachine(path, ({ machine }) => applyAll(machine, log.entries));
  expect(outcomes[1]).toMatchObject({ answer: { version: 2, display_name: 'First' } });
  const remembered = { ...outcomes[1], replayed: true };

  log.command(first, { by, token_version: 1, remember });
  withMachine(path, ({ machine, store }) => {
    expect(machine.remembered(remember.scope_hash)).toMatchObject({ entry_index: 2 });
    expect(applyAll(machine, log.entries)).toEqual([remembered]);
    expect(store.view.userByKey(by)).toMatchObject({ version: 3, display_name: 'Later' });
    log.command(profileBody(), { by, token_version: 1, at: Date.UTC(2030, 0) + DAY_MS });
    applyAll(machine, log.entries);
    expect(machine.remembered(remember.scope_hash)).toBeNull();
  });
});

test('the largest profile fits what may be stored under a key', () => {
  const log = new TestLog();
  const by = log.register('Ana');
  const body = profileBody({
    display_name: '😀'.repeat(limits.display_name_characters_max),
    email: `${'é'.repeat(121)}@example.org`,
    time_zone: 'x'.repeat(64),
    locale: 'x'.repeat(limits.locale_characters_max),
    share_busy: false,
  });
  log.command(body, { by, token_version: 1, remember: requestKey('profile') });
  const outcomes = withMachine(join(directory.path, 'large.db'), ({ machine }) =>
    applyAll(machine, log.entries),
  );
  const text = JSON.stringify((outcomes[1] as { answer: object }).answer);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.stored_answer_bytes_max);
  expect(outcomes[1]).toMatchObject({ kind: 'done' });
});
