import { continueChange } from './change-membership.ts';
import { serveWaitingReads } from './rounds.ts';
import type { RaftState } from './state.ts';

/** What a leader does when its commit index has moved. */
export function afterCommit(state: RaftState): void {
  serveWaitingReads(state);
  continueChange(state);
}
