import type { AgendaEvent, AgendaEventKind } from '../../event.ts';
import type { Appointment, Key, Notification, NotificationType } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import type { Told } from '../decision.ts';
import type { Meeting } from './meeting.ts';

interface Audience {
  /** Those who see everything, ascending. */
  readonly full: readonly Key[];
  /** Members of its group who see its times alone, ascending. */
  readonly busy: readonly Key[];
}

/** The rules of `sight.ts`, for everybody at once. What is cancelled takes no time that could be seen. */
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
      else if (appointment.cancelled_at === null) busy.push(user_key);
    }
  }
  return { full: ascending(full), busy: ascending(busy) };
}

function ascending(keys: Iterable<Key>): readonly Key[] {
  return [...keys].sort((one, other) => one - other);
}

const nobody: Audience = { full: [], busy: [] };

/** What has become of it. */
interface Change {
  /** As it was; null: there was none. Who saw it and does no longer is told that it is gone. */
  readonly before: Meeting | null;
  readonly after: Meeting;
  /** Who is leaving the group in the same moment; null: nobody. */
  readonly without_key?: Key | null;
}

/** Tells all who see it, before or after, that it changed, in the measure in which they see it. */
export function announce(
  view: RulesView,
  kind: AgendaEventKind,
  { before, after, without_key = null }: Change,
): readonly AgendaEvent[] {
  const now = audienceOf(view, after, without_key);
  const earlier = before === null ? nobody : audienceOf(view, before, null);
  const events: AgendaEvent[] = [eventOf(kind, after.appointment, now.full)];
  const lost = without(earlier.full, now.full);
  if (lost.length > 0) events.push(eventOf('appointment.gone', after.appointment, lost));
  const { group_key } = after.appointment;
  const is_same = before !== null && showsSameTimes(before.appointment, after.appointment);
  const sees_times = is_same
    ? [...without(earlier.busy, now.busy), ...without(now.busy, earlier.busy)]
    : [...earlier.busy, ...now.busy];
  if (group_key !== null && sees_times.length > 0) {
    events.push({
      kind: 'group.busy_changed',
      key: group_key,
      version: view.groups.groupByKey(group_key)?.version ?? 1,
      group_key,
      appointment_key: null,
      audience: ascending(new Set(sees_times)),
    });
  }
  return events;
}

/** Tells those who see everything of what changes neither when it is nor who sees it. */
export function announceWithin(
  view: RulesView,
  kind: AgendaEventKind,
  meeting: Meeting,
): readonly AgendaEvent[] {
  const { full } = audienceOf(view, meeting, null);
  return [eventOf(kind, meeting.appointment, full)];
}

function eventOf(
  kind: AgendaEventKind,
  { key, version, group_key }: Appointment,
  audience: readonly Key[],
): AgendaEvent {
  return { kind, key, version, group_key, appointment_key: key, audience };
}

function without(keys: readonly Key[], others: readonly Key[]): readonly Key[] {
  const left_out = new Set(others);
  return keys.filter((key) => !left_out.has(key));
}

/** Whether it is the same to those who see its times alone, as long as they do. */
function showsSameTimes(before: Appointment, after: Appointment): boolean {
  const has_same_dates =
    after.start_offset_s === before.start_offset_s && after.end_offset_s === before.end_offset_s;
  return (
    after.start === before.start &&
    after.end === before.end &&
    after.all_day === before.all_day &&
    (has_same_dates || !after.all_day) &&
    after.busy === before.busy
  );
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
