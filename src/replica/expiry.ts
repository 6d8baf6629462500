import { unreachable } from '../base/assert.ts';
import type { RowChange } from '../agenda/change.ts';
import type { CommandPlace } from '../agenda/decide/decide-command.ts';
import { expire } from '../agenda/decide/expire.ts';
import type { DueTimes } from '../agenda/decide/expire.ts';
import type { Instant } from '../agenda/model.ts';
import { goneAt } from '../agenda/retention.ts';
import type { ExpiryView } from '../agenda/view.ts';
import { limits } from '../limits.ts';

/** Not looked at yet. */
const unknown_dues: DueTimes = {
  cancelled: 0,
  earlier: 0,
  tombstones: 0,
  notifications: 0,
  groups: 0,
};

/**
 * Spares the queries for what expires while nothing does. What is remembered here is never later than the
 * truth, so whether something goes depends on the state and on state time alone.
 */
export class Expiry {
  readonly #view: ExpiryView;
  #dues: DueTimes = unknown_dues;
  /** The earliest of them; null: there is nothing that ever expires. */
  #next_due: Instant | null = 0;
  #versions_bytes = 0;

  constructor(view: ExpiryView) {
    this.#view = view;
    this.reload();
  }

  /** Reads what is cached here again; needed after a transaction that was rolled back. */
  reload(): void {
    this.#versions_bytes = this.#view.versionsBytes();
    this.#dues = unknown_dues;
    this.#next_due = 0;
  }

  /**
   * Lets go what has had its time, after the command at this place and beside its rows; returns what was
   * written. What it throws was thrown while reading or writing.
   */
  run(
    place: CommandPlace,
    rows_max: number,
    write: (changes: readonly RowChange[]) => void,
  ): readonly RowChange[] {
    const is_due = this.#next_due !== null && this.#next_due <= place.state_time;
    const is_full = this.#versions_bytes > limits.appointment_versions_bytes_max;
    if ((!is_due && !is_full) || rows_max <= 0) return [];
    const before = { dues: this.#dues, versions_bytes: this.#versions_bytes };
    const { changes, versions_bytes, dues } = expire(this.#view, place, before, rows_max);
    write(changes);
    this.#versions_bytes = versions_bytes;
    this.#dues = dues;
    this.#next_due = Object.values(dues).reduce<Instant | null>(earlierOf, null);
    this.note(changes);
    return changes;
  }

  /** What is written may expire one day. */
  note(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.op === 'delete') continue;
      switch (change.table) {
        case 'appointments': {
          const { cancelled_at } = change.row;
          if (cancelled_at !== null) this.#dueAt('cancelled', goneAt(cancelled_at));
          break;
        }
        case 'tombstones':
          this.#dueAt('tombstones', change.row.expires_at);
          break;
        case 'appointment_versions':
        case 'earlier_rows':
          this.#versions_bytes += change.row.bytes;
          this.#dueAt('earlier', change.row.expires_at);
          break;
        case 'notifications':
          this.#dueAt('notifications', change.row.created_at + limits.notification_kept_ms);
          break;
        case 'groups': {
          const { deleted_at } = change.row;
          if (deleted_at !== null) {
            this.#dueAt('groups', deleted_at + limits.deleted_group_kept_ms);
          }
          break;
        }
        case 'users':
        case 'calendars':
        case 'members':
        case 'occurrences':
        case 'participants':
        case 'proposals':
        case 'objections':
        case 'posts':
        case 'work':
        case 'audit_logs':
        case 'audit_sources':
          break;
        default:
          return unreachable(change);
      }
    }
  }

  #dueAt(kind: keyof DueTimes, instant: Instant): void {
    const due = this.#dues[kind];
    if (due !== null && due <= instant) return;
    this.#dues = { ...this.#dues, [kind]: instant };
    this.#next_due = earlierOf(this.#next_due, instant);
  }
}

/** Null: never. */
function earlierOf(one: Instant | null, other: Instant | null): Instant | null {
  if (one === null) return other;
  return other === null ? one : Math.min(one, other);
}
