import type { GroupsPort } from '../view.ts';
import type { Key } from '../model.ts';

/**
 * Whether `one` is ranked above `other` in a group. Where there is no hierarchy all have rank 0, so nobody
 * is; nor is anybody above or below who is not in it.
 */
export function isAbove(groups: GroupsPort, group_key: Key, one: Key, other: Key): boolean {
  const [upper, lower] = [groups.memberOf(group_key, one), groups.memberOf(group_key, other)];
  return upper !== null && lower !== null && upper.rank > lower.rank;
}
