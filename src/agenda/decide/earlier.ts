import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { EarlierKind, Key } from '../model.ts';
import type { DecideContext } from './decision.ts';

/** Beside the text, and the most that UTF-8 takes for a UTF-16 code unit. */
const FIXED_BYTES = 64;
const BYTES_PER_UNIT = 3;

/**
 * Keeps a row as it is before it changes or goes, for as long as a request key may ask for the answer that
 * showed it (decision 15).
 */
export function keepEarlier(
  kind: EarlierKind,
  row: { readonly key: Key; readonly version: number },
  { state_time }: DecideContext,
): RowChange {
  const content = JSON.stringify(row);
  return {
    op: 'insert',
    table: 'earlier_rows',
    row: {
      kind,
      key: row.key,
      version: row.version,
      expires_at: state_time + limits.request_key_ttl_ms,
      bytes: FIXED_BYTES + BYTES_PER_UNIT * content.length,
      content,
    },
  };
}
