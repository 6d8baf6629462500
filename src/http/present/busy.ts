import { formatId } from '../../agenda/id.ts';
import type { Appointment, Key } from '../../agenda/model.ts';
import type { Busy } from './busy-schema.ts';
import { presentTimes } from './times.ts';

type Timed = Pick<Appointment, 'start' | 'end' | 'start_offset_s' | 'end_offset_s' | 'all_day'>;

/** Whose time it is and when; no id, so that nothing else can be learned of it. */
export function presentBusy(time: Timed, user_key: Key): Busy {
  return {
    kind: 'busy',
    user_id: formatId('usr', user_key),
    title: 'Busy',
    ...presentTimes(time),
    all_day: time.all_day,
  };
}
