import { assert } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { ChainPoint } from '../audit.ts';
import type { RowChange } from '../change.ts';
import type { Instant, Key } from '../model.ts';
import type { ExpiryView } from '../view.ts';

export interface TrimmedAudit {
  readonly changes: readonly RowChange[];
  /** Where the chain of the rows that are left begins; null: nothing went. */
  readonly anchor: ChainPoint | null;
  /** When more may go; null: there is nothing left. */
  readonly next_due: Instant | null;
}

/**
 * Rows of the audit that have had their time, oldest first, whole entries only: what is left can be
 * verified from the anchor on. Depends on the state alone, so it is the same on every replica.
 */
export function trimAudit(
  view: Pick<ExpiryView, 'firstAuditRows'>,
  state_time: Instant,
): TrimmedAudit {
  const rows = view.firstAuditRows(limits.audit_rows_trimmed_per_command);
  const changes: RowChange[] = [];
  let anchor: ChainPoint | null = null;
  let entry: Key[] = [];
  let entry_due = 0;
  for (const { key, occurred_at, chain } of rows) {
    entry.push(key);
    entry_due = Math.max(entry_due, occurred_at + limits.audit_kept_ms);
    if (chain === null) continue;
    if (entry_due > state_time) return { changes, anchor, next_due: entry_due };
    for (const gone of entry)
      changes.push({ op: 'delete', table: 'audit_logs', row: { key: gone } });
    anchor = { key, chain };
    entry = [];
    entry_due = 0;
  }
  assert(rows.length === 0 || anchor !== null, 'rows of the audit that no chain closes');
  const is_all = rows.length < limits.audit_rows_trimmed_per_command;
  return { changes, anchor, next_due: is_all ? null : state_time };
}
