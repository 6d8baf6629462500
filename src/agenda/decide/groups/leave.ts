import type { RowChange } from '../../change.ts';
import type { RemoveMember } from '../../command.ts';
import type { Key, Member } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { deleted } from './delete.ts';
import { announceGroup, ownGroup, toldOfGroup, tooMuchWork } from './group.ts';
import type { OwnGroup } from './group.ts';
import { not_below } from './members.ts';
import { nextGroup } from './update.ts';

/**
 * Removes a member, or leaves. A creator who leaves hands the group to the highest-ranked member, to the
 * longest in it on a tie; alone in it, they delete it.
 */
export function removeMember(
  view: RulesView,
  body: RemoveMember,
  context: DecideContext,
): Decision {
  const own = ownGroup(view, body.group_key, context);
  if (!own.ok) return refuse(own.error);
  const { user, group } = own.value;
  const current = view.groups.memberOf(group.key, body.user_key);
  if (current === null) return refuse({ code: 'not_found', detail: 'There is no such member.' });
  const changed = changedMeanwhile(current, body.if_match);
  if (changed !== null) return refuse(changed);
  const refusal = mayRemove(own.value, current) ?? tooMuchWork(view, group.key);
  if (refusal !== null) return refuse(refusal);
  const others = view.groups.membersOf(group.key).filter((one) => one.key !== current.key);
  const heir = group.creator_key === current.user_key ? heirAmong(others) : null;
  if (group.creator_key === current.user_key && heir === null) {
    const { key, version } = current;
    const decision = deleted(view, group, { actor_key: user.key, my_rank: current.rank }, context);
    return decision.kind === 'refused'
      ? decision
      : { ...decision, answer: { kind: 'member', key, version } };
  }
  return left(view, own.value, { current, others, heir }, context);
}

interface Leaving {
  readonly current: Member;
  readonly others: readonly Member[];
  readonly heir: Member | null;
}

function left(
  view: RulesView,
  { user, group }: OwnGroup,
  { current, others, heir }: Leaving,
  context: DecideContext,
): Decision {
  const { key, version, user_key } = current;
  const row = heir === null ? group : nextGroup(group, { creator_key: heir.user_key }, context);
  const changes: RowChange[] = [
    keepEarlier('member', current, context),
    { op: 'delete', table: 'members', row: { key } },
  ];
  if (heir !== null) {
    changes.push(keepEarlier('group', group, context), { op: 'update', table: 'groups', row });
  }
  const told = [user_key, ...others.map((one) => one.user_key)].map((told_key) =>
    toldOf(told_key, user_key),
  );
  function toldOf(told_key: Key, subject_key: Key): Told {
    return toldOfGroup(group.key, told_key, 'group_member_removed', {
      actor_key: user.key,
      subject_key,
    });
  }
  const { key: group_key } = group;
  return {
    kind: 'done',
    changes,
    answer: { kind: 'member', key, version },
    consequences: [
      { kind: 'appointments.member_left', group_key, user_key, rank: null, actor_key: user.key },
    ],
    events: [announceGroup(view, 'group.members_changed', row)],
    told: heir === null ? told : [...told, toldOfHeir(group_key, heir, user.key)],
  };
}

function toldOfHeir(group_key: Key, { user_key }: Member, actor_key: Key): Told {
  return toldOfGroup(group_key, user_key, 'rank_changed', { actor_key, subject_key: user_key });
}

/** Null: the caller may. Anyone may leave. */
function mayRemove({ user, group, member }: OwnGroup, current: Member): Refusal | null {
  if (current.user_key === user.key) return null;
  if (group.group_type === 'hierarchical') return current.rank < member.rank ? null : not_below;
  if (group.creator_key === user.key) return null;
  const detail = 'Only the creator removes members of a group without hierarchy.';
  return { code: 'forbidden', detail };
}

/** `others` begin with the longest in it. */
function heirAmong(others: readonly Member[]): Member | null {
  let heir: Member | null = null;
  for (const one of others) if (heir === null || one.rank > heir.rank) heir = one;
  return heir;
}
