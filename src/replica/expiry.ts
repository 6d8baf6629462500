import { unreachable } from '../base/assert.ts';
import type { RowChange } from '../agenda/change.ts';
import type { CommandPlace } from '../agenda/decide/decide-command.ts';
import { expire } from '../agenda/decide/expire.ts';
import type { Instant } from '../agenda/model.ts';
import { goneAt } from '../agenda/retention.ts';
import type { ExpiryView } from '../agenda/view.ts';
import { limits } from '../limits.ts';

/**
 * Spares the queries for what expires while nothing does. What is remembered here is never later than the
 * truth, so whether something goes depends on the state and on state time alone.
 */
export class Expiry {
  readonly #view: ExpiryView;
  /** When something may expire; null: there is nothing that ever does. */
  #next_due: Instant | null = null;
  #versions_bytes = 0;

  constructor(view: ExpiryView) {
    this.#view = view;
    this.reload();
  }

  /** Reads what is cached here again; needed after a transaction that was rolled back. */
  reload(): void {
    this.#versions_bytes = this.#view.versionsBytes();
    this.#next_due = this.#readNextDue();
  }

  /**
   * Lets go what has had its time, before the command at this place is judged; returns what was written.
   * What it throws was thrown while reading or writing.
   */
  run(place: CommandPlace, write: (changes: readonly RowChange[]) => void): readonly RowChange[] {
    const is_due = this.#next_due !== null && this.#next_due <= place.state_time;
    const is_full = this.#versions_bytes > limits.appointment_versions_bytes_max;
    if (!is_due && !is_full) return [];
    const { changes, versions_bytes } = expire(this.#view, place, this.#versions_bytes);
    write(changes);
    this.#versions_bytes = versions_bytes;
    this.#next_due = this.#readNextDue();
    return changes;
  }

  /** What is written may expire one day. */
  note(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.op === 'delete') continue;
      switch (change.table) {
        case 'appointments': {
          const { cancelled_at } = change.row;
          if (cancelled_at !== null) this.#dueAt(goneAt(cancelled_at));
          break;
        }
        case 'appointment_versions':
          this.#versions_bytes += change.row.bytes;
          this.#dueAt(change.row.expires_at);
          break;
        case 'tombstones':
          this.#dueAt(change.row.expires_at);
          break;
        case 'earlier_rows':
          this.#versions_bytes += change.row.bytes;
          this.#dueAt(change.row.expires_at);
          break;
        case 'notifications':
          this.#dueAt(change.row.created_at + limits.notification_kept_ms);
          break;
        case 'groups': {
          const { deleted_at } = change.row;
          if (deleted_at !== null) this.#dueAt(deleted_at + limits.deleted_group_kept_ms);
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

  #dueAt(instant: Instant): void {
    this.#next_due = Math.min(this.#next_due ?? instant, instant);
  }

  #readNextDue(): Instant | null {
    const [cancelled] = this.#view.firstCancelled(1);
    const [version] = this.#view.firstVersions(1);
    const [tombstone] = this.#view.firstTombstones(1);
    const [earlier] = this.#view.firstEarlierRows(1);
    const [notification] = this.#view.firstNotifications(1);
    const [group] = this.#view.firstDeletedGroups(1);
    const dues = [
      earlier?.expires_at ?? [],
      notification === undefined ? [] : notification.created_at + limits.notification_kept_ms,
      group === undefined ? [] : group.deleted_at + limits.deleted_group_kept_ms,
      cancelled === undefined ? [] : goneAt(cancelled.cancelled_at),
      version?.expires_at ?? [],
      tombstone?.expires_at ?? [],
    ].flat();
    return dues.length === 0 ? null : Math.min(...dues);
  }
}
