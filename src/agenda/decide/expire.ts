import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { Appointment } from '../model.ts';
import { goneAt } from '../retention.ts';
import type { ExpiryView } from '../view.ts';
import { occurrenceOf } from './appointments/occurrence.ts';
import type { CommandPlace } from './decide-command.ts';

export interface Expired {
  readonly changes: readonly RowChange[];
  /** What all earlier versions that are left take. */
  readonly versions_bytes: number;
}

/**
 * What has had its time by `state_time`, a few rows of each kind: cancelled appointments, which leave a
 * tombstone; earlier versions, those too that are too many; tombstones. Depends on the state alone, so it
 * is the same on every replica.
 */
export function expire(view: ExpiryView, place: CommandPlace, versions_bytes: number): Expired {
  const { state_time } = place;
  const rows_max = limits.expired_per_command;
  const changes: RowChange[] = [];
  for (const appointment of view.firstCancelled(rows_max)) {
    if (goneAt(appointment.cancelled_at) > state_time) break;
    changes.push(...purged(appointment, place));
  }
  let bytes = versions_bytes;
  for (const { appointment_key, version, expires_at, bytes: freed } of view.firstVersions(
    rows_max,
  )) {
    if (expires_at > state_time && bytes <= limits.appointment_versions_bytes_max) break;
    changes.push({
      op: 'delete',
      table: 'appointment_versions',
      row: { appointment_key, version },
    });
    bytes -= freed;
  }
  for (const { key, expires_at } of view.firstTombstones(rows_max)) {
    if (expires_at > state_time) break;
    changes.push({ op: 'delete', table: 'tombstones', row: { key } });
  }
  return { changes, versions_bytes: bytes };
}

function purged(appointment: Appointment, { index, state_time }: CommandPlace): RowChange[] {
  const { key, calendar_key, uid } = appointment;
  const { person_key, start, appointment_key } = occurrenceOf(appointment);
  const expires_at = state_time + limits.tombstone_kept_ms;
  return [
    { op: 'delete', table: 'occurrences', row: { person_key, start, appointment_key } },
    { op: 'delete', table: 'appointments', row: { key } },
    {
      op: 'insert',
      table: 'tombstones',
      row: { key, calendar_key, uid, changed_index: index, expires_at },
    },
  ];
}
