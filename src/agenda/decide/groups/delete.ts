import type { RowChange } from '../../change.ts';
import type { DeleteGroup } from '../../command.ts';
import type { Group, Key } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { announceGroup, createdGroup, toldOfGroup } from './group.ts';
import { nextGroup } from './update.ts';

/** Its appointments that are to come are cancelled; of the group its name remains for a time. */
export function deleteGroup(view: RulesView, body: DeleteGroup, context: DecideContext): Decision {
  const own = createdGroup(view, body, context);
  if (!own.ok) return refuse(own.error);
  const { user, group, member } = own.value;
  return deleted(view, group, { actor_key: user.key, my_rank: member.rank }, context);
}

export function deleted(
  view: RulesView,
  group: Group,
  { actor_key, my_rank }: { readonly actor_key: Key; readonly my_rank: number },
  context: DecideContext,
): Decision {
  const row = nextGroup(group, { deleted_at: context.state_time }, context);
  const members = view.groups.membersOf(group.key);
  const changes: RowChange[] = [
    keepEarlier('group', group, context),
    { op: 'update', table: 'groups', row },
  ];
  for (const member of members) {
    changes.push(keepEarlier('member', member, context));
    changes.push({ op: 'delete', table: 'members', row: { key: member.key } });
  }
  return {
    kind: 'done',
    changes,
    answer: { kind: 'group', key: row.key, version: row.version, my_rank },
    consequences: [{ kind: 'appointments.group_deleted', group_key: group.key, actor_key }],
    events: [announceGroup(view, 'group.deleted', row)],
    told: members.map(({ user_key }) =>
      toldOfGroup(group.key, user_key, 'group_member_removed', {
        actor_key,
        subject_key: user_key,
      }),
    ),
  };
}
