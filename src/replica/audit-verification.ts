import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert } from '../base/assert.ts';
import type { AuditRow, ChainPoint } from '../agenda/audit.ts';
import type { Key } from '../agenda/model.ts';
import { limits } from '../limits.ts';
import type { AuditChain } from './audit-chain.ts';
import { nextChain } from './audit-chain.ts';

/** The audit of one committed state, whatever is applied meanwhile; to be closed, once. */
export interface PinnedAudit {
  readonly chain: AuditChain;
  /** By key. */
  rowsAfter(key: Key, limit: number): readonly AuditRow[];
  close(): void;
}

/** Where the chain first breaks. */
interface AuditFault {
  /**
   * `broken`: the row with that key was changed, or does not belong there, or what stood between it and
   * `after_key` is missing or elsewhere. `end_missing`: rows up to that key should follow `after_key`.
   */
  readonly kind: 'broken' | 'end_missing';
  readonly key: Key;
  /** The last row that is as it was written; 0: there is none. */
  readonly after_key: Key;
}

export interface VerifiedAudit {
  readonly rows: number;
  readonly chain: AuditChain;
  /** Null: every row is as it was written, and where. */
  readonly fault: AuditFault | null;
}

/** Follows the chain through all rows, in slices, up to the first fault. */
export async function verifyAudit(pinned: PinnedAudit): Promise<VerifiedAudit> {
  const { chain } = pinned;
  let at: ChainPoint = chain.anchor;
  let entry: AuditRow[] = [];
  let looked_at: Key = Number.MIN_SAFE_INTEGER;
  let rows = 0;
  for (;;) {
    const slice = pinned.rowsAfter(looked_at, limits.audit_verify_slice_rows);
    for (const row of slice) {
      assert(row.key > looked_at, 'rows of the audit out of order');
      looked_at = row.key;
      rows += 1;
      entry.push(row);
      if (row.chain === null && entry.length <= limits.audit_batch_events_max) continue;
      const first_key = entry[0]?.key ?? row.key;
      if (first_key <= chain.anchor.key || !closes(at, entry)) {
        return { rows, chain, fault: { kind: 'broken', key: first_key, after_key: at.key } };
      }
      at = { key: row.key, chain: row.chain ?? '' };
      entry = [];
    }
    if (slice.length < limits.audit_verify_slice_rows) break;
    await nextTurn();
  }
  const [open] = entry;
  if (open !== undefined) {
    return { rows, chain, fault: { kind: 'broken', key: open.key, after_key: at.key } };
  }
  if (at.key === chain.head.key && at.chain === chain.head.chain)
    return { rows, chain, fault: null };
  const is_short = at.key < chain.head.key;
  const fault: AuditFault = is_short
    ? { kind: 'end_missing', key: chain.head.key, after_key: at.key }
    : { kind: 'broken', key: at.key, after_key: chain.head.key };
  return { rows, chain, fault };
}

/** Whether the rows of an entry end in the head that follows from the one before them. */
function closes(before: ChainPoint, entry: readonly AuditRow[]): boolean {
  const is_erased_wrongly = entry.some((row) => row.payload === null && row.payload_hash === null);
  if (is_erased_wrongly) return false;
  return entry.at(-1)?.chain === nextChain(before.chain, entry);
}
