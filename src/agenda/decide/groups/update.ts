import type { HandOverGroup, UpdateGroup } from '../../command.ts';
import type { Group } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { wrongField, wrongText } from './fields.ts';
import { announceGroup, createdGroup, toldOfGroup } from './group.ts';
import type { OwnGroup } from './group.ts';

/** Another name or description; what kind of group it is never changes. */
export function updateGroup(view: RulesView, body: UpdateGroup, context: DecideContext): Decision {
  const own = createdGroup(view, body, context);
  if (!own.ok) return refuse(own.error);
  const { group } = own.value;
  const wrong = wrongText(body);
  if (wrong !== null) return refuse(wrong);
  if (body.group_type !== null && body.group_type !== group.group_type) {
    return refuse(wrongField('group_type', 'never changes: leave it out'));
  }
  const { name, description } = body;
  return groupChanged(view, own.value, { name, description }, [], context);
}

/** A member becomes the creator; everybody keeps their rank. */
export function handOverGroup(
  view: RulesView,
  body: HandOverGroup,
  context: DecideContext,
): Decision {
  const own = createdGroup(view, body, context);
  if (!own.ok) return refuse(own.error);
  const { user, group } = own.value;
  if (view.groups.memberOf(group.key, body.user_key) === null) {
    return refuse({ code: 'not_found', detail: 'There is no such member.' });
  }
  const told = toldOfGroup(group.key, body.user_key, 'rank_changed', {
    actor_key: user.key,
    subject_key: body.user_key,
  });
  return groupChanged(view, own.value, { creator_key: body.user_key }, [told], context);
}

/** The next version of a group; the same one when nothing is another. */
function groupChanged(
  view: RulesView,
  { group, member }: OwnGroup,
  changes: Partial<Pick<Group, 'name' | 'description' | 'creator_key'>>,
  told: readonly Told[],
  context: DecideContext,
): Decision {
  const wanted = { ...group, ...changes };
  const my_rank = member.rank;
  const is_same =
    wanted.name === group.name &&
    wanted.description === group.description &&
    wanted.creator_key === group.creator_key;
  if (is_same) {
    const answer = { kind: 'group', key: group.key, version: group.version, my_rank } as const;
    return { kind: 'done', changes: [], answer, consequences: [], events: [] };
  }
  const row = nextGroup(group, changes, context);
  return {
    kind: 'done',
    changes: [keepEarlier('group', group, context), { op: 'update', table: 'groups', row }],
    answer: { kind: 'group', key: row.key, version: row.version, my_rank },
    consequences: [],
    events: [announceGroup(view, 'group.updated', row)],
    told,
  };
}

export function nextGroup(
  group: Group,
  changes: Partial<Pick<Group, 'name' | 'description' | 'creator_key' | 'deleted_at'>>,
  { origin_node, state_time }: DecideContext,
): Group {
  const version = group.version + 1;
  return { ...group, ...changes, version, origin_node, updated_at: state_time };
}
