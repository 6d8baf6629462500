import Database from 'better-sqlite3';
import { expect, test } from '@jest/globals';
import { expiry_queries } from '../../src/storage/expiry-rows.ts';
import { group_queries } from '../../src/storage/groups-view.ts';
import { notification_queries, post_queries } from '../../src/storage/notifications-view.ts';
import { participation_queries } from '../../src/storage/participation-view.ts';
import { opened } from '../support/store-fixture.ts';

/** The index that each query goes by, and nothing else: several would do, one is the best. */
const plans: readonly (readonly [name: string, sql: string, index: string])[] = [
  ['member_of', group_queries.member_of, 'sqlite_autoindex_members_1 (group_key=? AND user_key=?)'],
  ['created', group_queries.created_membership_count, 'members_by_user (user_key=?)'],
  ['added', group_queries.added_membership_count, 'members_by_user (user_key=?)'],
  ['memberships_of', group_queries.memberships_of, 'members_by_user (user_key=? AND group_key>?)'],
  ['oldest', notification_queries.oldest, 'notifications_by_user (user_key=?)'],
  ['newest', notification_queries.newest, 'notifications_by_user (user_key=?)'],
  ['page', notification_queries.page, 'notifications_by_user (user_key=? AND rowid<?)'],
  [
    'unread_page',
    notification_queries.unread_page,
    'notifications_unread (user_key=? AND rowid<?)',
  ],
  ['unread_count', notification_queries.unread_count, 'notifications_unread (user_key=?)'],
  ['posts', post_queries.keys, 'posts_by_group (group_key=? AND rowid<?)'],
  [
    'participant_of',
    participation_queries.participant_of,
    'sqlite_autoindex_participants_1 (appointment_key=? AND user_key=?)',
  ],
  [
    'participants_made',
    participation_queries.participants_made,
    'PRIMARY KEY (rowid>? AND rowid<?)',
  ],
  ['earlier_made', participation_queries.earlier_made, 'PRIMARY KEY (kind=? AND key>? AND key<?)'],
  ['proposals_of', participation_queries.proposals_of, 'proposals_by_appointment'],
  [
    'objection_of',
    participation_queries.objection_of,
    'sqlite_autoindex_objections_1 (appointment_key=? AND user_key=?)',
  ],
  ['expiring earlier rows', expiry_queries.earlier_rows, 'earlier_rows_expiry'],
  ['expiring groups', expiry_queries.deleted_groups, 'groups_deleted'],
  ['expiring posts', expiry_queries.posts, 'posts_by_group (group_key=?)'],
  // From the first key on: the order of the keys is that of the times.
  ['expiring notifications', expiry_queries.notifications, 'SCAN notifications'],
];

function planOf(sql: string): readonly string[] {
  return opened((_, path) => {
    const database = new Database(path, { readonly: true });
    const parameters = Array.from(sql.matchAll(/\?/g), () => 1);
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
    database.close();
    return (plan as { detail: string }[]).map((row) => row.detail);
  });
}

test.each(plans)('%s: one index, and no sorting', (_, sql, index) => {
  expect(planOf(sql)).toEqual([expect.stringContaining(index)]);
});

test('no plan is made anew for the value of a limit', () => {
  // See `range-queries.ts`.
  const all = [group_queries, notification_queries, post_queries, participation_queries];
  for (const sql of all.flatMap((queries) => Object.values(queries))) {
    expect(sql).not.toMatch(/LIMIT \?\s*$/);
  }
});
