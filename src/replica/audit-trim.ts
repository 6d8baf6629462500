import type { ChainPoint } from '../agenda/audit.ts';
import type { RowChange } from '../agenda/change.ts';
import { trimAudit } from '../agenda/decide/trim-audit.ts';
import type { Instant } from '../agenda/model.ts';
import type { ExpiryView } from '../agenda/view.ts';

export interface Trimmed {
  readonly changes: readonly RowChange[];
  /** Null: nothing went. */
  readonly anchor: ChainPoint | null;
}

const nothing: Trimmed = { changes: [], anchor: null };

/**
 * Spares the queries for rows of the audit that expire while none does. What is remembered here is never
 * later than the truth, so whether something goes depends on the state and on state time alone.
 */
export class AuditTrim {
  readonly #view: Pick<ExpiryView, 'auditRows'>;
  /** Before it nothing goes: 0 until the rows were looked at. */
  #next_due: Instant = 0;

  constructor(view: Pick<ExpiryView, 'auditRows'>) {
    this.#view = view;
  }

  /** Needed after a transaction that was rolled back. */
  reload(): void {
    this.#next_due = 0;
  }

  /** Lets go what has had its time; what it throws was thrown while reading or writing. */
  run(
    state_time: Instant,
    rows_max: number,
    write: (changes: readonly RowChange[]) => void,
  ): Trimmed {
    if (this.#next_due > state_time || rows_max <= 0) return nothing;
    const { changes, anchor, next_due } = trimAudit(this.#view, state_time, rows_max);
    // With no row left, the next one to come is looked at when it is there.
    this.#next_due = next_due ?? 0;
    if (anchor === null) return nothing;
    write(changes);
    return { changes, anchor };
  }
}
