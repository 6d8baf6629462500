import type { RowChange } from '../../change.ts';
import type { Key, Occurrence, ParticipantStatus } from '../../model.ts';
import type { Meeting } from './meeting.ts';

/** The stretches of time that it is on the agendas of its owner, its people, and its group. */
export function occurrencesOf({ appointment, participants }: Meeting): readonly Occurrence[] {
  const { owner_key, group_key, start, end, key: appointment_key } = appointment;
  const takes_time = appointment.busy && appointment.cancelled_at === null;
  const on = (agenda_key: Key, status: ParticipantStatus, busy: boolean): Occurrence => ({
    agenda_key,
    start,
    end,
    appointment_key,
    busy,
    status,
  });
  const rows = [on(owner_key, 'accepted', takes_time)];
  for (const { user_key, status } of participants) {
    rows.push(on(user_key, status, takes_time && isOnIt(status)));
  }
  if (group_key !== null) rows.push(on(group_key, 'accepted', false));
  return rows;
}

/** Whether it takes a person's time: who has not answered, or declined, is free. */
function isOnIt(status: ParticipantStatus): boolean {
  return status === 'accepted' || status === 'auto';
}

/** What has to be written to the agendas when a meeting changes. */
export function occurrenceChanges(before: Meeting | null, after: Meeting): readonly RowChange[] {
  const changes: RowChange[] = [];
  const old = new Map<Key, Occurrence>(
    before === null ? [] : occurrencesOf(before).map((one) => [one.agenda_key, one]),
  );
  for (const row of occurrencesOf(after)) {
    const current = old.get(row.agenda_key);
    old.delete(row.agenda_key);
    if (current !== undefined && isSame(current, row)) continue;
    if (current !== undefined) changes.push(removal(current));
    changes.push({ op: 'insert', table: 'occurrences', row });
  }
  for (const row of old.values()) changes.push(removal(row));
  return changes;
}

export function removal({ agenda_key, start, appointment_key }: Occurrence): RowChange {
  return { op: 'delete', table: 'occurrences', row: { agenda_key, start, appointment_key } };
}

function isSame(one: Occurrence, other: Occurrence): boolean {
  return (
    one.start === other.start &&
    one.end === other.end &&
    one.busy === other.busy &&
    one.status === other.status
  );
}
