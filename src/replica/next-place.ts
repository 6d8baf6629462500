import { assert } from '../base/assert.ts';
import { decodeConfiguration } from '../consensus/raft/configuration-codec.ts';
import type { Entry } from '../consensus/raft/entry.ts';
import type { StatePlace } from './agenda-store.ts';

/** The same object when nothing changes: then nothing is written. */
export function nextPlace(place: StatePlace, entry: Entry): StatePlace {
  if (entry.kind === 'configuration') {
    const configuration = decodeConfiguration(entry.payload);
    return { term: entry.term, configuration: { index: entry.index, configuration } };
  }
  assert(entry.term >= place.term, 'terms in a log never fall');
  return entry.term === place.term ? place : { ...place, term: entry.term };
}
