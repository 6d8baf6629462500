import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import { limits } from '../../limits.ts';

/**
 * A place in the stream of all that is told, equal on every replica: `index × 2^14 + step`. An event is
 * told on three kinds of channels at most, one after the other, and each telling is a step.
 */
export type Position = number;

const STEPS_PER_ENTRY = 2 ** 14;
/** One's own agenda, a group, an appointment: in this order. */
const STEPS_PER_EVENT = 3;

assert(
  limits.events_per_command_max * STEPS_PER_EVENT < STEPS_PER_ENTRY,
  'every telling of an entry has a place of its own',
);

/** Before anything of the entry. */
export function positionOf(index: LogIndex): Position {
  const position = index * STEPS_PER_ENTRY;
  assert(Number.isSafeInteger(position) && position >= 0, `log index out of range: ${index}`);
  return position;
}

/** Before the telling of an entry's event, by its place among them, on its first, second or third channel. */
export function positionIn(index: LogIndex, event: number, channel: 0 | 1 | 2): Position {
  const step = event * STEPS_PER_EVENT + channel;
  assert(step >= 0 && step < STEPS_PER_ENTRY, `event out of range: ${event}`);
  return positionOf(index) + step;
}

/** After all tellings of an entry's event. */
export function positionAfter(index: LogIndex, event: number): Position {
  return positionIn(index, event, 0) + STEPS_PER_EVENT;
}

/** The entry that a position is in. */
export function indexAt(position: Position): LogIndex {
  return Math.floor(position / STEPS_PER_ENTRY);
}

/** How far into its entry a position is. */
export function stepAt(position: Position): number {
  return position % STEPS_PER_ENTRY;
}

/** Null when there is no such place. */
export function positionAtStep(index: LogIndex, step: number): Position | null {
  const position = index * STEPS_PER_ENTRY + step;
  const is_place = Number.isSafeInteger(position) && index >= 0 && step >= 0;
  return is_place && step < STEPS_PER_ENTRY ? position : null;
}
