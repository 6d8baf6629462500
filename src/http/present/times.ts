import type { Appointment } from '../../agenda/model.ts';
import { wallDay } from '../../agenda/wall-clock.ts';
import { formatInstant } from '../instant.ts';

const DAY_MS = 86_400_000;
const DATE_CHARACTERS = 10;

type Timed = Pick<Appointment, 'start' | 'end' | 'start_offset_s' | 'end_offset_s' | 'all_day'>;

/** All-day means dates, the same for everybody who looks; else instants in UTC. */
export function presentTimes(appointment: Timed): { start: string; end: string } {
  const { start, end, start_offset_s, end_offset_s, all_day } = appointment;
  if (!all_day) return { start: formatInstant(start), end: formatInstant(end) };
  return {
    start: formatDay(wallDay(start, start_offset_s)),
    end: formatDay(wallDay(end, end_offset_s)),
  };
}

function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, DATE_CHARACTERS);
}
