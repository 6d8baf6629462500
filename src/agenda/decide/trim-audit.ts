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
 * Rows of the audit that have had their time, oldest first, `rows_max` at most and whole entries only: what
 * is left can be verified from the anchor on. Depends on the state alone, so it is the same on every
 * replica.
 */
export function trimAudit(
  view: Pick<ExpiryView, 'auditRows'>,
  state_time: Instant,
  rows_max: number,
): TrimmedAudit {
  const changes: RowChange[] = [];
  let anchor: ChainPoint | null = null;
  let entry: Key[] = [];
  let entry_due = 0;
  for (const { key, occurred_at, chain } of view.auditRows()) {
    entry.push(key);
    assert(entry.length <= limits.rows_expired_per_command, 'an entry of the audit without end');
    entry_due = Math.max(entry_due, occurred_at + limits.audit_kept_ms);
    if (chain === null) continue;
    const is_kept = entry_due > state_time || changes.length + entry.length > rows_max;
    if (is_kept) return { changes, anchor, next_due: entry_due };
    for (const gone of entry)
      changes.push({ op: 'delete', table: 'audit_logs', row: { key: gone } });
    anchor = { key, chain };
    entry = [];
    entry_due = 0;
  }
  assert(entry.length === 0, 'rows of the audit that no chain closes');
  return { changes, anchor, next_due: null };
}
