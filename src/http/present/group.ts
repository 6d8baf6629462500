import { must } from '../../base/assert.ts';
import { formatId } from '../../agenda/id.ts';
import type { Group, Member } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { formatInstant } from '../instant.ts';
import type { GroupOut, MemberOut } from './group-schema.ts';

/** A group as one of its members sees it. */
export function presentGroup(view: AgendaView, group: Group, my_rank: number): GroupOut {
  const creator = must(view.userByKey(group.creator_key), 'a group that nobody created');
  return {
    id: formatId('grp', group.key),
    name: group.name,
    description: group.description,
    group_type: group.group_type,
    creator_id: formatId('usr', creator.key),
    creator_username: creator.username,
    my_rank,
    version: group.version,
    created_at: formatInstant(group.created_at),
    updated_at: formatInstant(group.updated_at),
  };
}

export function presentMember(view: AgendaView, member: Member): MemberOut {
  const user = must(view.userByKey(member.user_key), 'a member who is nobody');
  return {
    group_id: formatId('grp', member.group_key),
    user_id: formatId('usr', user.key),
    username: user.username,
    display_name: user.display_name,
    rank: member.rank,
    added_by: formatId('usr', member.added_by),
    joined_at: formatInstant(member.joined_at),
    version: member.version,
  };
}
