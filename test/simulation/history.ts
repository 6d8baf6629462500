import { assert } from '../../src/base/assert.ts';
import type { Key } from '../../src/agenda/model.ts';
import type { AgendaView } from '../../src/agenda/view.ts';
import { judgeHistory } from '../support/linearizability.ts';
import type { Operation } from '../support/linearizability.ts';
import { appointmentModel } from './appointment-model.ts';
import type { AppointmentInput, AppointmentOutput, AppointmentState } from './appointment-model.ts';

/** A creation under a key that was repeated until it was answered, or given up. */
export interface Booking {
  readonly title: string;
  /** From this hour on, for one hour, without `allow_conflict`; several may want the same one. */
  readonly hour: number;
  /** The key of the appointment that was answered; null: never answered, or refused. */
  key: Key | null;
  is_refused: boolean;
}

/** An acknowledged version of an appointment: what any state that claims to be newer must show. */
interface Acknowledged {
  readonly at_ms: number;
  readonly version: number;
}

/** All that clients did and saw, and whether it could have been so. */
export class History {
  readonly bookings: Booking[] = [];
  readonly #operations = new Map<Key, Operation<AppointmentInput, AppointmentOutput>[]>();
  readonly #initial = new Map<Key, AppointmentState>();
  readonly #acknowledged = new Map<Key, Acknowledged[]>();

  /** Appointments that clients share. */
  get shared(): readonly Key[] {
    return [...this.#initial.keys()];
  }

  get operations_count(): number {
    return [...this.#operations.values()].reduce((sum, one) => sum + one.length, 0);
  }

  share(key: Key, title: string, at_ms: number): void {
    this.#initial.set(key, { title, cancelled: false, version: 1 });
    this.#operations.set(key, []);
    this.#acknowledged.set(key, [{ at_ms, version: 1 }]);
  }

  add(key: Key, operation: Operation<AppointmentInput, AppointmentOutput>): void {
    const operations = this.#operations.get(key);
    assert(operations !== undefined, 'an operation on an appointment that is not shared');
    operations.push(operation);
    if (operation.output?.kind !== 'done') return;
    this.#acknowledged
      .get(key)
      ?.push({ at_ms: operation.answered_at, version: operation.output.version });
  }

  /** A state that claims to be as new as `as_of_ms` shows everything acknowledged before. */
  checkStale(key: Key, version: number | null, as_of_ms: number): void {
    for (const acknowledged of this.#acknowledged.get(key) ?? []) {
      if (acknowledged.at_ms >= as_of_ms) continue;
      assert(
        version !== null && version >= acknowledged.version,
        `a local read of ${key} shows version ${version}, older than it says`,
      );
    }
  }

  /** Linearizable for each appointment, and each booking made at most once. */
  check(final: AgendaView, person: Key): void {
    for (const [key, operations] of this.#operations) {
      const initial = this.#initial.get(key);
      assert(initial !== undefined, 'operations on nothing');
      const verdict = judgeHistory(appointmentModel(initial), operations);
      assert(
        verdict.is_linearizable,
        `the history of appointment ${key} could not have been; at its furthest it is stuck with ` +
          `${JSON.stringify(verdict.stuck?.state)} before\n${describe(verdict.stuck?.operations ?? [])}\n` +
          `of\n${describe(operations)}`,
      );
    }
    this.#checkBookings(final, person);
  }

  #checkBookings(final: AgendaView, person: Key): void {
    const everything = { start: 0, end: Number.MAX_SAFE_INTEGER };
    const entries = final.agendaOf(person, {
      ...everything,
      after: null,
      with_cancelled: true,
      with_declined: true,
      limit: 100_000,
    });
    const found = entries.map(({ appointment }) => appointment);
    const taken = new Map<number, string>();
    for (const booking of this.bookings) {
      const of_it = found.filter(({ title }) => title === booking.title);
      assert(of_it.length <= 1, `${booking.title} was made ${of_it.length} times`);
      if (booking.key !== null) {
        assert(of_it[0]?.key === booking.key, `${booking.title} was acknowledged and is not there`);
      }
      assert(
        !booking.is_refused || of_it.length === 0,
        `${booking.title} was refused and is there`,
      );
      if (of_it.length === 0) continue;
      const other = taken.get(booking.hour);
      assert(other === undefined, `${booking.title} and ${other} have the same hour`);
      taken.set(booking.hour, booking.title);
    }
  }
}

function describe(operations: readonly Operation<AppointmentInput, AppointmentOutput>[]): string {
  return operations
    .toSorted((one, other) => one.called_at - other.called_at)
    .map(
      ({ input, output, called_at, answered_at }) =>
        `  ${called_at}–${answered_at} ${JSON.stringify(input)} → ${JSON.stringify(output)}`,
    )
    .join('\n');
}
