import { must } from '../../base/assert.ts';
import type { RaftState } from './state.ts';

/** What became of a transfer of leadership. Closed. */
export type TransferOutcome =
  /** The target leads. */
  | 'transferred'
  /** This replica does not lead; nothing was done. */
  | 'not_leader'
  /** Nobody who votes and was heard of lately could take over, or not who was named. */
  | 'no_target'
  | 'already_transferring'
  /** The target would not stand, or could not be reached. */
  | 'refused'
  /** Leadership was lost, and not to the target. */
  | 'other_leader'
  /** Nothing came of it within an election timeout; a leader goes on leading. */
  | 'timed_out';

export function settleTransfer(state: RaftState, outcome: TransferOutcome): void {
  const { token } = must(state.transfer, 'no transfer to settle');
  state.transfer = null;
  state.effects.push({ kind: 'transfer_settled', token, outcome });
}
