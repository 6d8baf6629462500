import type { Appointment, Calendar, Instant, Key, User } from './model.ts';

/** What the rules may read while they decide: a port; every answer is ordered and deterministic. */
export interface RulesView {
  userByKey(key: Key): User | null;
  userByFoldedUsername(folded: string): User | null;
  userByFoldedEmail(folded: string): User | null;
  calendarByKey(key: Key): Calendar | null;
  defaultCalendarOf(owner_key: Key): Calendar | null;
  appointmentByKey(key: Key): Appointment | null;
  /** Keys of busy appointments on a person's agenda that overlap [start, end), by start then key. */
  busyOverlapping(person_key: Key, start: Instant, end: Instant, limit: number): readonly Key[];
}

/** What requests may read besides: the same state, after it is applied. */
export interface AgendaView extends RulesView {
  /** A person's appointments that overlap [start, end), by start then key, never cancelled ones. */
  agendaOf(person_key: Key, start: Instant, end: Instant, limit: number): readonly Appointment[];
}
