import { assert } from '../../base/assert.ts';
import { encodeConfiguration } from './configuration-codec.ts';
import type { Configuration } from './configuration.ts';
import { isVoter } from './configuration.ts';
import { adoptTerm, resetElectionTimer } from './role.ts';
import { sealEntry } from './seal-entry.ts';
import type { RaftState } from './state.ts';
import { appendEntries } from './write-log.ts';

/** Term of the first entry; the first election is for a later one. */
const FIRST_TERM = 1;

/**
 * Writes entry 1, the first configuration (thesis §4.3, last paragraph), into an empty log. Once in a
 * cluster's life, by one replica, after every member has durably promised: see `../bootstrap/`.
 */
export function bootstrap(state: RaftState, configuration: Configuration): void {
  assert(state.log.last_index === 0, 'only an empty replica bootstraps');
  assert(isVoter(configuration, state.options.self), 'who bootstraps votes');
  if (state.term < FIRST_TERM) adoptTerm(state, FIRST_TERM);
  appendEntries(state, [
    sealEntry({
      index: 1,
      term: FIRST_TERM,
      kind: 'configuration',
      request_id: '',
      payload: encodeConfiguration(configuration),
    }),
  ]);
  resetElectionTimer(state);
  // Nobody else may stand before this entry has reached them, so there is nothing to wait for.
  state.election_elapsed = state.election_timeout;
}
