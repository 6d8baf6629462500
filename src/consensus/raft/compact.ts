import { assert, must } from '../../base/assert.ts';
import type { LogIndex } from './entry.ts';
import { cutLog, termAt } from './log.ts';
import type { LogBase } from './log-base.ts';
import type { RaftState } from './state.ts';

/** Log compaction (paper §7): what is in the durable state needs no log. */

/**
 * Drops the entries through `index`, which a power cut can no longer take from the state: the driver
 * answers for that.
 */
export function compact(state: RaftState, index: LogIndex): void {
  assert(!state.is_state_missing, 'a log is cut before its state is there');
  assert(index > state.log.before_first.index, 'the log is cut there already');
  assert(index <= state.applied_index, 'the log is cut above what is applied');
  const term = must(termAt(state.log, index), 'the term of an applied entry');
  setBase(state, { index, term, configuration: configurationAt(state, index) });
  cutLog(state.log, { index, term });
}

/** The configuration in force at `index`, an index the log holds. */
function configurationAt(state: RaftState, index: LogIndex): LogBase['configuration'] {
  const found = state.configurations.findLast((one) => one.index <= index);
  return must(found, 'entry 1 is a configuration');
}

/** What this step writes begins with the cut; earlier configurations are forgotten. */
export function setBase(state: RaftState, base: LogBase): void {
  assert(state.unwritten.base === null, 'one cut a step');
  assert(state.unwritten.entries.length === 0, 'a cut comes before the entries of its step');
  state.unwritten.base = base;
  const later = state.configurations.filter((one) => one.index > base.index);
  state.configurations.splice(0, state.configurations.length, base.configuration, ...later);
}
