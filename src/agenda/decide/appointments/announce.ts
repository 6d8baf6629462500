import type { AgendaEvent, AgendaEventKind } from '../../event.ts';
import type { Key, Notification, NotificationType } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import type { Told } from '../decision.ts';
import type { Meeting } from './meeting.ts';

interface Audience {
  /** Those who see everything, ascending. */
  readonly full: readonly Key[];
  /** Members of its group who see its times alone, ascending. */
  readonly busy: readonly Key[];
}

/** The rules of `sight.ts`, for everybody at once. */
function audienceOf(
  view: RulesView,
  { appointment, participants }: Meeting,
  without_key: Key | null,
): Audience {
  const { owner_key, group_key, privacy } = appointment;
  const full = new Set<Key>([owner_key, ...participants.map(({ user_key }) => user_key)]);
  const busy: Key[] = [];
  if (group_key !== null) {
    const owner_rank = view.groups.memberOf(group_key, owner_key)?.rank ?? null;
    for (const { user_key, rank } of view.groups.membersOf(group_key)) {
      if (full.has(user_key) || user_key === without_key) continue;
      const sees_all = privacy === 'full' || (owner_rank !== null && rank > owner_rank);
      if (sees_all) full.add(user_key);
      else busy.push(user_key);
    }
  }
  return { full: ascending(full), busy: ascending(busy) };
}

function ascending(keys: Iterable<Key>): readonly Key[] {
  return [...keys].sort((one, other) => one - other);
}

const nobody: Audience = { full: [], busy: [] };

/** What an announcement may depend on besides. */
interface Earlier {
  /** As it was: who saw it and does no longer is told that it is gone. */
  readonly before?: Meeting;
  /** Who is leaving the group in the same moment; null: nobody. */
  readonly without_key?: Key | null;
}

/** Tells all who see it, before or after, that it changed, in the measure in which they see it. */
export function announce(
  view: RulesView,
  kind: AgendaEventKind,
  after: Meeting,
  { before, without_key = null }: Earlier = {},
): readonly AgendaEvent[] {
  const { key, version, group_key } = after.appointment;
  const { full, busy } = audienceOf(view, after, without_key);
  const event = { kind, key, version, group_key, appointment_key: key };
  const events: AgendaEvent[] = [{ ...event, audience: full }];
  const earlier = before === undefined ? nobody : audienceOf(view, before, null);
  const lost = earlier.full.filter((user_key) => !full.includes(user_key));
  if (lost.length > 0) events.push({ ...event, kind: 'appointment.gone', audience: lost });
  const sees_times = ascending(new Set([...busy, ...earlier.busy]));
  if (group_key !== null && sees_times.length > 0) {
    events.push({
      kind: 'group.busy_changed',
      key: group_key,
      version: view.groups.groupByKey(group_key)?.version ?? 1,
      group_key,
      appointment_key: null,
      audience: sees_times,
    });
  }
  return events;
}

/** A notification about an appointment. */
export function toldOf(
  { appointment }: Meeting,
  user_key: Key,
  type: NotificationType,
  actor_key: Key,
  about: Partial<Pick<Notification, 'subject_key' | 'proposal_key'>> = {},
): Told {
  return {
    user_key,
    type,
    actor_key,
    subject_key: about.subject_key ?? null,
    group_key: appointment.group_key,
    appointment_key: appointment.key,
    proposal_key: about.proposal_key ?? null,
    post_key: null,
  };
}

/** To everybody on it who has not declined. */
export function toldToPeople(
  meeting: Meeting,
  type: NotificationType,
  actor_key: Key,
): readonly Told[] {
  return meeting.participants
    .filter(({ status }) => status !== 'declined')
    .map(({ user_key }) => toldOf(meeting, user_key, type, actor_key));
}
