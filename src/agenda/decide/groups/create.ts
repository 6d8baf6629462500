import { limits } from '../../../limits.ts';
import type { CreateGroup } from '../../command.ts';
import type { Group, Member } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { announceGroup, log_in_first } from './group.ts';
import { tooManyCreated, wrongText } from './fields.ts';

/** Whoever creates a group is its first member; it has a calendar from the first day. */
export function createGroup(view: RulesView, body: CreateGroup, context: DecideContext): Decision {
  const { by, state_time, origin_node } = context;
  if (by === null) return refuse(log_in_first);
  const wrong = wrongText(body) ?? tooManyCreated(view, by.key);
  if (wrong !== null) return refuse(wrong);
  const group: Group = {
    key: context.nextKey(),
    name: body.name,
    description: body.description,
    group_type: body.group_type,
    creator_key: by.key,
    version: 1,
    origin_node,
    created_at: state_time,
    updated_at: state_time,
    deleted_at: null,
  };
  const creator: Member = {
    key: context.nextKey(),
    group_key: group.key,
    user_key: by.key,
    rank: body.group_type === 'hierarchical' ? limits.creator_rank : 0,
    added_by: by.key,
    joined_at: state_time,
    version: 1,
    origin_node,
    updated_at: state_time,
  };
  const { key, version } = group;
  return {
    kind: 'done',
    changes: [
      { op: 'insert', table: 'groups', row: group },
      { op: 'insert', table: 'members', row: creator },
    ],
    answer: { kind: 'group', key, version, my_rank: creator.rank },
    consequences: [{ kind: 'calendar.create_default', owner_key: key }],
    events: [announceGroup(view, 'group.created', group, [by.key])],
  };
}
