import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Key } from '../../../src/agenda/model.ts';
import { named, Story } from '../../support/story.ts';

let story: Story;
let ana: Key;
let ben: Key;

beforeEach(() => {
  story = new Story();
  [ana, ben] = story.people('ana', 'ben');
});
afterEach(() => story.close());

/** What the last row of the audit says beside its columns. */
function payload(): unknown {
  const { audit } = story.view;
  const any = { component: null, action: null, level: null, request_id: null };
  const filter = { ...any, actor_key: null, node_id: null, since: null, until: null };
  const { rows } = audit.rowsBefore({ filter, before: null, rows: 10, limit: 1 });
  const [row] = rows;
  return JSON.parse(row?.payload ?? 'null');
}

test('an answer says which', () => {
  const appointment_key = story.book(ana, { participants: [named(ben)] });
  story.answer(ben, appointment_key, 'declined');
  expect(payload()).toMatchObject({ appointment_key, user_key: ben, status: 'declined' });
});

test('a change of rank says to which', () => {
  const group_key = story.group(ana, 'hierarchical', [[ben, 3]]);
  story.do(ana, { kind: 'group.change_rank', group_key, user_key: ben, rank: 7, if_match: null });
  expect(payload()).toMatchObject({ group_key, user_key: ben, rank: 7 });
});

test('work says whose act it continues', () => {
  const group_key = story.group(ana, 'hierarchical', [[ben, 3]]);
  story.do(0, { kind: 'work.continue', work_key: 99, group_key, user_key: ben, actor_key: ana });
  expect(payload()).toEqual({ user_key: ben, actor_key: ana, group_key });
});
