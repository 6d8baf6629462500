import type { Database } from 'better-sqlite3';
import type { Group, Key, Member } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { oneOrNull, prepareByKey, prepareRaw } from './prepared.ts';
import { rowReader, selectFrom } from './row-reader.ts';

const groupOf = rowReader<Group>('groups');
const memberOf = rowReader<Member>('members');

/** Limits as `+ 0`: see `range-queries.ts`. */
export const group_queries = {
  member_of: `${selectFrom('members')} WHERE group_key = ? AND user_key = ?`,
  members_of: `${selectFrom('members')} WHERE group_key = ? ORDER BY "key"`,
  member_count: 'SELECT count(*) FROM members WHERE group_key = ?',
  created_membership_count:
    'SELECT count(*) FROM members WHERE user_key = ? AND added_by = user_key',
  added_membership_count:
    'SELECT count(*) FROM members WHERE user_key = ? AND added_by <> user_key',
  memberships_of: `${selectFrom('members')} WHERE user_key = ? AND group_key > ?
    ORDER BY group_key LIMIT ? + 0`,
} as const;

export function prepareGroupsView(database: Database): AgendaView['groups'] {
  const member_of = prepareRaw<[Key, Key]>(database, group_queries.member_of);
  const members_of = prepareRaw<[Key]>(database, group_queries.members_of);
  const member_count = database.prepare<[Key], number>(group_queries.member_count).pluck();
  const created_count = database
    .prepare<[Key], number>(group_queries.created_membership_count)
    .pluck();
  const added_count = database.prepare<[Key], number>(group_queries.added_membership_count).pluck();
  const memberships_of = prepareRaw<[Key, Key, number]>(database, group_queries.memberships_of);
  return {
    groupByKey: prepareByKey(database, 'groups', groupOf),
    memberByKey: prepareByKey(database, 'members', memberOf),
    memberOf: (group_key, user_key) => oneOrNull(member_of.get(group_key, user_key), memberOf),
    membersOf: (group_key) => members_of.all(group_key).map(memberOf),
    memberCount: (group_key) => member_count.get(group_key) ?? 0,
    createdMembershipCount: (user_key) => created_count.get(user_key) ?? 0,
    addedMembershipCount: (user_key) => added_count.get(user_key) ?? 0,
    membershipsOf: (user_key, after, limit) =>
      memberships_of.all(user_key, after, limit).map(memberOf),
  };
}
