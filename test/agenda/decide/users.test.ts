import { describe, expect, test } from '@jest/globals';
import type { ChangePassword, Command, CommandBody } from '../../../src/agenda/command.ts';
import { authenticate } from '../../../src/agenda/decide/authenticate.ts';
import { decideCommand } from '../../../src/agenda/decide/decide-command.ts';
import type { CommandDecision } from '../../../src/agenda/decide/decide-command.ts';
import { decide } from '../../../src/agenda/decide/decide.ts';
import type { User } from '../../../src/agenda/model.ts';
import type { RulesView } from '../../../src/agenda/view.ts';
import { profileBody, withMachine } from '../../support/agenda-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { join } from 'node:path';

const place = { index: 7, state_time: 5_000 };

const ana: User = {
  key: 4096,
  username: 'Ana',
  username_folded: 'ana',
  email: 'Ana@example.org',
  email_folded: 'ana@example.org',
  display_name: 'Ana',
  display_name_folded: 'ana',
  password_hash: 'hash',
  token_version: 3,
  token_version_index: 1,
  time_zone: 'Europe/Madrid',
  locale: 'es',
  share_busy: true,
  version: 4,
  origin_node: 'agenda-1',
  created_at: 1,
  updated_at: 2,
};
const ben: User = { ...ana, key: 8192, username_folded: 'ben', email_folded: 'ben@example.org' };

/** The real view over a database with the two. */
function withView<T>(use: (view: RulesView) => T): T {
  const directory = temporaryDirectory('decide-users');
  try {
    return withMachine(join(directory.path, 'agenda.db'), ({ store }) => {
      const users = [ana, { ...ben, username: 'Ben', email: 'ben@example.org' }];
      store.transaction(() =>
        store.write(users.map((row) => ({ op: 'insert', table: 'users', row }) as const)),
      );
      return use(store.view);
    });
  } finally {
    directory.remove();
  }
}

function decided(body: CommandBody, by: User | null = ana): CommandDecision {
  const command: Command = {
    version: 1,
    at: 5_000,
    by: by?.key ?? null,
    token_version: by?.token_version ?? null,
    origin_node: 'agenda-2',
    request_id: 'request-1',
    remember: null,
    body,
  };
  return withView((view) => decideCommand(view, command, by, place, decide));
}

function password(changes: Partial<ChangePassword> = {}): ChangePassword {
  return { kind: 'user.change_password', if_match: null, password_hash: 'new', ...changes };
}

/** The user as the command leaves it. */
function userAfter(decision: CommandDecision): User {
  if (decision.kind === 'refused') throw new Error(decision.refusal.code);
  const change = decision.changes.find((one) => one.table === 'users');
  if (change?.op !== 'update') throw new Error('no user is updated');
  return change.row;
}

function refusalCode(decision: CommandDecision): string | null {
  return decision.kind === 'refused' ? decision.refusal.code : null;
}

describe('changing the profile', () => {
  test('what is left out stays; the version grows by one', () => {
    const decision = decided(profileBody({ locale: 'en' }));
    const expected = { ...ana, locale: 'en', version: 5, origin_node: 'agenda-2' };
    expect(userAfter(decision)).toEqual({ ...expected, updated_at: 5_000 });
    expect(decision).toMatchObject({
      answer: { kind: 'profile', key: ana.key, version: 5, locale: 'en', email: ana.email },
      events: [{ kind: 'user.updated', key: ana.key, version: 5, audience: [ana.key] }],
    });
  });

  test('everything else of the profile can be another', () => {
    const changes = {
      display_name: 'Ana María',
      display_name_folded: 'ana maría',
      email: 'New@example.org',
      email_folded: 'new@example.org',
      time_zone: 'UTC',
      locale: 'en',
      share_busy: false,
    };
    expect(userAfter(decided(profileBody(changes)))).toMatchObject(changes);
  });

  test('the e-mail of somebody else is taken, one’s own is not', () => {
    const email = { email: 'X', email_folded: ben.email_folded };
    expect(refusalCode(decided(profileBody(email)))).toBe('email_taken');
    const own = { email: 'ANA@example.org', email_folded: ana.email_folded };
    expect(userAfter(decided(profileBody(own))).email).toBe('ANA@example.org');
  });

  test('If-Match is judged before the rules', () => {
    const taken = { email: 'X', email_folded: ben.email_folded };
    expect(refusalCode(decided(profileBody({ if_match: [3], ...taken })))).toBe(
      'precondition_failed',
    );
    expect(refusalCode(decided(profileBody({ if_match: [] })))).toBe('precondition_failed');
    expect(refusalCode(decided(profileBody({ if_match: [1, 4] })))).toBeNull();
  });
});

describe('changing the password', () => {
  test('sets the hash and ends all sessions; what others see of the profile stays', () => {
    const decision = decided(password());
    const expected = { ...ana, password_hash: 'new', token_version: 4, token_version_index: 7 };
    expect(userAfter(decision)).toEqual(expected);
    expect(decision).toMatchObject({
      answer: expect.objectContaining({ kind: 'profile', key: ana.key, version: 4 }),
      events: [{ kind: 'user.sessions_ended', audience: [ana.key] }],
    });
  });

  test('a command judged on an older password is refused, as its session is', () => {
    const changed = { ...ana, token_version: 4 };
    const view = { userByKey: () => changed } as unknown as RulesView;
    const command = { by: ana.key, token_version: 3, body: password() } as unknown as Command;
    expect(authenticate(view, command)).toMatchObject({ error: { code: 'unauthenticated' } });
  });

  test('an If-Match that is not the version is a failed precondition', () => {
    expect(refusalCode(decided(password({ if_match: [3] })))).toBe('precondition_failed');
  });

  test('the hash goes to the user alone: not to the audit, the answer or the event', () => {
    const decision = decided(password({ password_hash: 'the new hash' }));
    if (decision.kind === 'refused') throw new Error('refused');
    const others = decision.changes.filter((change) => change.table !== 'users');
    expect(JSON.stringify([others, decision.answer, decision.events])).not.toContain(
      'the new hash',
    );
  });
});

test('logging out ends all sessions and changes nothing else', () => {
  const decision = decided({ kind: 'user.log_out' });
  expect(userAfter(decision)).toEqual({ ...ana, token_version: 4, token_version_index: 7 });
  expect(decision).toMatchObject({ events: [{ kind: 'user.sessions_ended' }] });
});

test.each<CommandBody>([profileBody(), password(), { kind: 'user.log_out' }])(
  '$kind is for who is logged in, and leaves a row of audit',
  (body) => {
    expect(refusalCode(decided(body, null))).toBe('unauthenticated');
    expect(decided(body)).toMatchObject({
      changes: expect.arrayContaining([
        expect.objectContaining({
          table: 'audit_logs',
          row: expect.objectContaining({
            component: 'users',
            action: body.kind,
            actor_key: ana.key,
            object_key: ana.key,
          }),
        }),
      ]),
    });
  },
);
