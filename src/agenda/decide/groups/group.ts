import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import { limits } from '../../../limits.ts';
import type { AgendaEvent, AgendaEventKind } from '../../event.ts';
import type { Group, Key, Member, NotificationType, User } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import type { DecideContext, Told } from '../decision.ts';

/** A group as one of its members meets it. */
export interface OwnGroup {
  readonly user: User;
  readonly group: Group;
  /** The caller's own membership. */
  readonly member: Member;
}

export const log_in_first: Refusal = { code: 'unauthenticated', detail: 'Log in first.' };
const no_such_group: Refusal = { code: 'not_found', detail: 'There is no such group.' };

/** One that somebody is not in answers as one that does not exist. */
export function ownGroup(
  view: RulesView,
  group_key: Key,
  { by }: DecideContext,
): Result<OwnGroup, Refusal> {
  if (by === null) return err(log_in_first);
  const group = view.groups.groupByKey(group_key);
  const member = view.groups.memberOf(group_key, by.key);
  if (group === null || group.deleted_at !== null || member === null) return err(no_such_group);
  return ok({ user: by, group, member });
}

/** Null: what earlier changes of its members mean for its appointments is done, or soon will be. */
export function tooMuchWork(view: RulesView, group_key: Key): Refusal | null {
  if (view.workCount(group_key) < limits.works_per_group_max) return null;
  const detail =
    'Earlier changes of this group are still under way; nothing was changed, try again.';
  return { code: 'overloaded', detail };
}

/** The group that its creator is about to change, in one of these versions; null: any. */
export function createdGroup(
  view: RulesView,
  { group_key, if_match }: { readonly group_key: Key; readonly if_match: readonly number[] | null },
  context: DecideContext,
): Result<OwnGroup, Refusal> {
  const own = ownGroup(view, group_key, context);
  if (!own.ok) return own;
  const { user, group } = own.value;
  const changed = changedMeanwhile(group, if_match);
  if (changed !== null) return err(changed);
  if (group.creator_key === user.key) return own;
  const detail = 'Only the creator of a group can do this.';
  return err({ code: 'forbidden', detail });
}

/** Tells the members, and those besides, that the group changed. */
export function announceGroup(
  view: RulesView,
  kind: AgendaEventKind,
  { key, version }: Group,
  besides: readonly Key[] = [],
): AgendaEvent {
  const members = view.groups.membersOf(key).map(({ user_key }) => user_key);
  const audience = [...new Set([...members, ...besides])].sort((one, other) => one - other);
  return { kind, key, version, group_key: key, appointment_key: null, audience };
}

/** A notification about a group. */
export function toldOfGroup(
  group_key: Key,
  user_key: Key,
  type: NotificationType,
  about: { readonly actor_key: Key; readonly subject_key?: Key; readonly post_key?: Key },
): Told {
  return {
    user_key,
    type,
    actor_key: about.actor_key,
    subject_key: about.subject_key ?? null,
    group_key,
    appointment_key: null,
    proposal_key: null,
    post_key: about.post_key ?? null,
  };
}
