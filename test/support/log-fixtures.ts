import type { Member } from '../../src/consensus/raft/configuration.ts';
import {
  decodeConfiguration,
  encodeConfiguration,
} from '../../src/consensus/raft/configuration-codec.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';

/** A command of `bytes` bytes, different for every index and term. */
export function commandEntry(index: number, term: number, bytes = 32): Entry {
  const payload = new Uint8Array(bytes).map((_, at) => (index * 31 + term * 7 + at) & 0xff);
  return sealEntry({ index, term, kind: 'command', request_id: `request-${index}`, payload });
}

export function commandEntries(from: number, through: number, term: number, bytes = 32): Entry[] {
  const entries: Entry[] = [];
  for (let index = from; index <= through; index++) entries.push(commandEntry(index, term, bytes));
  return entries;
}

export function noOpEntry(index: number, term: number): Entry {
  return sealEntry({ index, term, kind: 'no_op', request_id: '', payload: new Uint8Array(0) });
}

export function configurationEntry(index: number, term: number, voters: readonly Member[]): Entry {
  const payload = encodeConfiguration({
    cluster_id: 'cluster',
    voters,
    outgoing_voters: [],
    learners: [],
    voters_wanted: voters.length,
    removed: [],
    feature_level: 1,
  });
  return sealEntry({ index, term, kind: 'configuration', request_id: '', payload });
}

/** What a log rests on when it is cut at this entry. */
export function logBase(
  index: number,
  term: number,
  voters: readonly Member[],
  configuration_index = 1,
): LogBase {
  const { payload } = configurationEntry(configuration_index, term, voters);
  const configuration = decodeConfiguration(payload);
  return { index, term, configuration: { index: configuration_index, configuration } };
}

/** A write that changes nothing but what is given. */
export function persist(changes: Partial<Omit<Persist, 'kind'>>): Persist {
  return {
    kind: 'persist',
    write_id: 1,
    hard_state: null,
    truncate_from: null,
    base: null,
    entries: [],
    commit_index: 0,
    ...changes,
  };
}

/** A write that enters `term` without a vote. */
export function enterTerm(term: number, changes: Partial<Omit<Persist, 'kind'>> = {}): Persist {
  return persist({ hard_state: { term, voted_for: null }, ...changes });
}

/** An entry as plain data, so that a Buffer equals a Uint8Array of the same bytes. */
export function plainEntries(entries: readonly Entry[]): readonly unknown[] {
  return entries.map((entry) => ({ ...entry, payload: [...entry.payload] }));
}
