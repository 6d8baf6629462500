import { hash } from 'node:crypto';
import { assert, must } from '../base/assert.ts';
import type { AuditRow, ChainPoint } from '../agenda/audit.ts';
import type { ColumnValue, RowChange } from '../agenda/change.ts';

/** From where to where the chain of the audit goes; kept with the state. */
export interface AuditChain {
  /** After the last row that was trimmed: the rows that are there continue it. */
  readonly anchor: ChainPoint;
  /** After the last row: without it a missing end would not show. */
  readonly head: ChainPoint;
}

/** Before the first row. */
export const CHAIN_START: ChainPoint = { key: 0, chain: 'A'.repeat(43) };

/** What the chain has of a payload, so that it can be erased. */
export function payloadHash(payload: string): string {
  return hash('sha256', payload, 'base64url');
}

/**
 * The head after an entry's rows: SHA-256 over the head before it and the rows in the order of their keys,
 * columns in a fixed order. So a row that is changed, missing or moved breaks it, and the head of one
 * replica vouches for all rows of another.
 */
export function nextChain(previous: string, rows: readonly AuditRow[]): string {
  assert(previous.length === CHAIN_START.chain.length, 'not a head of the chain');
  assert(rows.length > 0, 'an entry without rows does not move the chain');
  // JSON of arrays of scalars is one text for one value: the same bytes in every program.
  const material = JSON.stringify([previous, ...rows.map(chainedColumns)]);
  return hash('sha256', material, 'base64url');
}

function chainedColumns(row: AuditRow): readonly ColumnValue[] {
  return [
    row.key,
    row.component,
    row.action,
    row.actor_key,
    row.object_key,
    row.request_id,
    row.origin_node,
    row.occurred_at,
    row.level,
    row.count,
    row.payload === null ? must(row.payload_hash, 'an erased payload') : payloadHash(row.payload),
  ];
}

export interface SealedChanges {
  readonly changes: readonly RowChange[];
  readonly head: ChainPoint;
}

/** The changes of an entry with its rows of the audit chained to those before; the rest as it is. */
export function sealAudit(head: ChainPoint, changes: readonly RowChange[]): SealedChanges {
  const rows: AuditRow[] = [];
  let last_at = -1;
  for (let at = 0; at < changes.length; at += 1) {
    const change = must(changes[at], 'a hole in the changes');
    if (change.table !== 'audit_logs' || change.op !== 'insert') continue;
    const { row } = change;
    assert(row.chain === null && row.payload !== null, 'a row of the audit is new');
    assert(row.key > (rows.at(-1)?.key ?? head.key), 'rows of the audit are in order');
    rows.push(row);
    last_at = at;
  }
  const last = rows.at(-1);
  if (last === undefined) return { changes, head };
  const chain = nextChain(head.chain, rows);
  const row = { ...last, chain };
  return {
    changes: changes.with(last_at, { op: 'insert', table: 'audit_logs', row }),
    head: { key: last.key, chain },
  };
}
