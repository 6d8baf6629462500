import { limits } from '../limits.ts';
import type { Appointment, AppointmentVersion, Instant } from './model.ts';

/** Beside the two texts, and the most that UTF-8 takes for a UTF-16 code unit. */
const FIXED_BYTES = 256;
const BYTES_PER_UNIT = 3;

/**
 * What an appointment is before a change, kept while somebody may ask for it: a request key that made it,
 * or an answer that is on its way while the next change is applied already.
 */
export function versionBefore(current: Appointment, state_time: Instant): AppointmentVersion {
  const { title, description } = current;
  return {
    appointment_key: current.key,
    version: current.version,
    expires_at: Math.max(current.remembered_until ?? 0, state_time + limits.answer_window_ms),
    bytes: FIXED_BYTES + BYTES_PER_UNIT * (title.length + description.length),
    calendar_key: current.calendar_key,
    title,
    description,
    start: current.start,
    end: current.end,
    all_day: current.all_day,
    time_zone: current.time_zone,
    start_offset_s: current.start_offset_s,
    end_offset_s: current.end_offset_s,
    privacy: current.privacy,
    busy: current.busy,
    status: current.version_status,
    sequence: current.sequence,
    origin_node: current.origin_node,
    updated_at: current.updated_at,
  };
}

/** The appointment as it was; what no change touches is as it is. */
export function appointmentAt(current: Appointment, version: AppointmentVersion): Appointment {
  return {
    ...current,
    version: version.version,
    calendar_key: version.calendar_key,
    title: version.title,
    description: version.description,
    start: version.start,
    end: version.end,
    all_day: version.all_day,
    time_zone: version.time_zone,
    start_offset_s: version.start_offset_s,
    end_offset_s: version.end_offset_s,
    privacy: version.privacy,
    busy: version.busy,
    status: version.status,
    version_status: version.status,
    sequence: version.sequence,
    origin_node: version.origin_node,
    updated_at: version.updated_at,
  };
}
