import { limits } from '../../../limits.ts';
import type { AddMember, ChangeRank } from '../../command.ts';
import type { Member } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { personNamed } from '../person.ts';
import { tooManyAdded, wrongField } from './fields.ts';
import { announceGroup, ownGroup, toldOfGroup, tooMuchWork } from './group.ts';
import type { OwnGroup } from './group.ts';

export const not_below: Refusal = {
  code: 'forbidden',
  detail: 'Only who is ranked above a member can change or remove them.',
};
const not_the_creator: Refusal = {
  code: 'forbidden',
  detail: 'Only the creator adds and removes members of a group without hierarchy.',
};

/**
 * Without hierarchy the creator adds members; in a hierarchy everybody adds members below themselves. What
 * the group's appointments that are to come mean for them follows.
 */
export function addMember(view: RulesView, body: AddMember, context: DecideContext): Decision {
  const own = ownGroup(view, body.group_key, context);
  if (!own.ok) return refuse(own.error);
  const { user, group } = own.value;
  const wrong = wrongRank(own.value, body.rank);
  if (wrong !== null) return refuse(wrong);
  const person = personNamed(view, body.person);
  if (person === null) return refuse({ code: 'not_found', detail: 'There is no such person.' });
  if (view.groups.memberOf(group.key, person.key) !== null) {
    return refuse({ code: 'already_member', detail: 'This person is in the group already.' });
  }
  const members = view.groups.membersOf(group.key);
  if (members.length >= limits.group_members_max) {
    const detail = `A group can have at most ${limits.group_members_max} members.`;
    return refuse({ code: 'too_large', detail });
  }
  const full = tooManyAdded(view, person.key) ?? tooMuchWork(view, group.key);
  if (full !== null) return refuse(full);
  const member: Member = {
    key: context.nextKey(),
    group_key: group.key,
    user_key: person.key,
    rank: body.rank ?? 0,
    added_by: user.key,
    joined_at: context.state_time,
    version: 1,
    origin_node: context.origin_node,
    updated_at: context.state_time,
  };
  const { key, version, group_key, user_key, rank } = member;
  return {
    kind: 'done',
    changes: [{ op: 'insert', table: 'members', row: member }],
    answer: { kind: 'member', key, version },
    consequences: [
      { kind: 'appointments.member_joined', group_key, user_key, rank, actor_key: user.key },
    ],
    events: [announceGroup(view, 'group.members_changed', group, [user_key])],
    // Whoever is in it learns who is there now.
    told: [user_key, ...members.map((one) => one.user_key)].map((told_key) =>
      toldOfGroup(group_key, told_key, 'group_member_added', {
        actor_key: user.key,
        subject_key: user_key,
      }),
    ),
  };
}

/** A member below oneself gets another rank, below oneself too. */
export function changeRank(view: RulesView, body: ChangeRank, context: DecideContext): Decision {
  const own = ownGroup(view, body.group_key, context);
  if (!own.ok) return refuse(own.error);
  const { user, group, member: self } = own.value;
  const current = view.groups.memberOf(group.key, body.user_key);
  if (current === null) return refuse({ code: 'not_found', detail: 'There is no such member.' });
  const changed = changedMeanwhile(current, body.if_match);
  if (changed !== null) return refuse(changed);
  if (group.group_type !== 'hierarchical') {
    return refuse(wrongField('rank', 'there are no ranks in a group without hierarchy'));
  }
  if (current.rank >= self.rank) return refuse(not_below);
  const wrong = wrongRank(own.value, body.rank);
  if (wrong !== null) return refuse(wrong);
  const { key, user_key } = current;
  if (current.rank === body.rank) {
    const answer = { kind: 'member', key, version: current.version } as const;
    return { kind: 'done', changes: [], answer, consequences: [], events: [] };
  }
  const row: Member = {
    ...current,
    rank: body.rank,
    version: current.version + 1,
    origin_node: context.origin_node,
    updated_at: context.state_time,
  };
  return {
    kind: 'done',
    changes: [keepEarlier('member', current, context), { op: 'update', table: 'members', row }],
    answer: { kind: 'member', key, version: row.version },
    consequences: [],
    events: [announceGroup(view, 'group.members_changed', group)],
    told: [
      toldOfGroup(group.key, user_key, 'rank_changed', {
        actor_key: user.key,
        subject_key: user_key,
      }),
    ],
  };
}

/** Whether the caller may give this rank; null: yes. */
function wrongRank({ user, group, member }: OwnGroup, rank: number | null): Refusal | null {
  if (group.group_type === 'non_hierarchical') {
    if (rank !== null) return wrongField('rank', 'there are no ranks in a group without hierarchy');
    return group.creator_key === user.key ? null : not_the_creator;
  }
  if (rank === null) return wrongField('rank', 'is required in a hierarchical group');
  if (!Number.isSafeInteger(rank) || rank < 0 || rank > limits.rank_max) {
    return wrongField('rank', `must be a whole number from 0 to ${limits.rank_max}`);
  }
  if (rank < member.rank) return null;
  const detail = `Your rank is ${member.rank}: you can give ranks below it.`;
  return { code: 'forbidden', detail };
}
