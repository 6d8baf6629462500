import { hash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { pushRowValues } from '../agenda/change.ts';
import type { ColumnValue, RowChange } from '../agenda/change.ts';
import type { Instant } from '../agenda/model.ts';
import type { ProfileAnswer } from '../agenda/outcome.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { RememberedRequest } from './agenda-store.ts';

/** The digest of the empty state. */
export const INITIAL_DIGEST = '0'.repeat(64);

/** Everything that one entry changed. */
export interface EntryEffects {
  readonly index: LogIndex;
  readonly state_time: Instant;
  readonly changes: readonly RowChange[];
  readonly remembered: RememberedRequest | null;
  /** Request keys that were forgotten. */
  readonly pruned: number;
}

/**
 * The digest after an entry: SHA-256 over the digest before it and all that the entry changed, columns in
 * their fixed order. Equal digests at an index mean equal histories up to it. One pass of hashing covers
 * rows and audit.
 */
export function nextDigest(previous: string, effects: EntryEffects): string {
  assert(previous.length === INITIAL_DIGEST.length, 'not a digest');
  const { index, state_time, pruned, remembered } = effects;
  const material: ColumnValue[] = [previous, index, state_time, pruned];
  for (const change of effects.changes) {
    material.push(change.op, change.table);
    // The chain is a hash of all rows of the audit already, those of this entry included.
    if (change.table === 'audit_logs' && change.op === 'insert') material.push(change.row.chain);
    else pushRowValues(change, material);
  }
  if (remembered !== null) {
    const { scope_hash, fingerprint, expires_at, answer } = remembered;
    material.push('remember', scope_hash, fingerprint, expires_at);
    material.push(answer.kind, answer.key, answer.version);
    if (answer.kind === 'profile') pushProfile(answer, material);
    if (answer.kind === 'group') material.push(answer.my_rank);
    if (answer.kind === 'notification') {
      pushRowValues({ op: 'insert', table: 'notifications', row: answer.notification }, material);
    }
  }
  // JSON of an array of scalars is one text for one array: the same bytes in every program.
  return hash('sha256', JSON.stringify(material));
}

function pushProfile(answer: ProfileAnswer, into: ColumnValue[]): void {
  const { display_name, email, time_zone, locale, share_busy, updated_at } = answer;
  into.push(display_name, email, time_zone, locale, share_busy, updated_at);
}
