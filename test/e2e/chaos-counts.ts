import type { AppointmentOperation } from '../support/appointment-model.ts';
import type { SlotOperation } from '../support/slot-model.ts';
import type { Booking } from './chaos-bookings.ts';
import type { SharedAppointment } from './chaos-shared.ts';
import type { Slot } from './chaos-slots.ts';

/** Everything that the clients of a load work on. */
export interface Places {
  readonly shared: readonly SharedAppointment[];
  readonly slots: readonly Slot[];
  readonly bookings: Booking[];
}

type Counts = Readonly<Record<string, number>>;

/** How much of what was done, and what came of it. */
export interface ChaosCounts {
  readonly on_shared: Counts;
  readonly on_slots: Counts;
  readonly booked: number;
}

export function countChaos({ shared, slots, bookings }: Places): ChaosCounts {
  return {
    on_shared: countsOf(shared.flatMap(({ history }) => history)),
    on_slots: countsOf(slots.flatMap(({ history }) => history)),
    booked: bookings.filter(({ id }) => id !== null).length,
  };
}

const enough_on_shared: Counts = {
  'get done': 40,
  'put done': 20,
  'patch done': 20,
  'cancel done': 5,
  'restore done': 5,
  'put 403': 1,
  'patch 403': 1,
  'put 412': 2,
  'patch 412': 2,
};

const enough_on_slots: Counts = {
  'read done': 20,
  'create done': 5,
  'create 409': 5,
  'cancel done': 5,
  'restore done': 2,
  'restore 409': 2,
};

const ENOUGH_BOOKED = 20;

/** Of what there is too little: a chaos that stops everything would show nothing. */
export function tooSeldom({ on_shared, on_slots, booked }: ChaosCounts): string[] {
  const seldom = (enough: Counts, counts: Counts): string[] =>
    Object.keys(enough).filter((what) => (counts[what] ?? 0) < (enough[what] ?? 0));
  return [
    ...seldom(enough_on_shared, on_shared).map((what) => `shared: ${what}`),
    ...seldom(enough_on_slots, on_slots).map((what) => `slots: ${what}`),
    ...(booked < ENOUGH_BOOKED ? ['booked'] : []),
  ];
}

function countsOf(history: readonly (AppointmentOperation | SlotOperation)[]): Counts {
  const counts: Record<string, number> = {};
  for (const { input, output } of history) {
    const what = `${input.kind} ${outcomeOf(output)}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

function outcomeOf(output: (AppointmentOperation | SlotOperation)['output']): string {
  if (output === null) return 'unknown';
  if (output.kind === 'refused') return String(output.status);
  return output.kind === 'conflict' ? '409' : 'done';
}
