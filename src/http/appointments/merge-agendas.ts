import type { Key } from '../../agenda/model.ts';
import type { AgendaPlace } from '../../agenda/view.ts';
import { assert } from '../../base/assert.ts';

/** One of several agendas that are read as one. */
export interface AgendaSource<Entry extends AgendaPlace> {
  readonly agenda_key: Key;
  /** So many at most are read at once. */
  readonly read_max: number;
  /** What comes after a place, by start then key. */
  readonly read: (after: AgendaPlace | null, limit: number) => readonly Entry[];
}

/** A place in the order of several agendas: what is at the same place comes by agenda. */
export interface MergedPlace extends AgendaPlace {
  readonly agenda_key: Key;
}

export interface MergedEntry<Entry> {
  readonly entry: Entry;
  readonly place: MergedPlace;
}

/** Of each agenda so many are read first, and twice as many each time: most give few. */
const FIRST_READ = 8;

/** What is on several agendas after a place, by start, then key, then agenda. */
export function* mergeAgendas<Entry extends AgendaPlace>(
  sources: readonly AgendaSource<Entry>[],
  after: MergedPlace | null,
): Generator<MergedEntry<Entry>, void> {
  const readers = sources.map((source) => readSource(source, after));
  for (;;) {
    let first: Reader<Entry> | null = null;
    for (const reader of readers) {
      if (reader.head !== null && (first === null || isBefore(reader, first))) first = reader;
    }
    if (first === null || first.head === null) return;
    const { head: entry, agenda_key } = first;
    const { start, key } = entry;
    yield { entry, place: { start, key, agenda_key } };
    first.next();
  }
}

interface Reader<Entry> {
  readonly agenda_key: Key;
  /** The next one; null: there are no more. */
  readonly head: Entry | null;
  next(): void;
}

function isBefore(one: Reader<AgendaPlace>, other: Reader<AgendaPlace>): boolean {
  const { head } = one;
  const { head: other_head } = other;
  if (head === null || other_head === null) return head !== null;
  const order =
    head.start - other_head.start || head.key - other_head.key || one.agenda_key - other.agenda_key;
  return order < 0;
}

function readSource<Entry extends AgendaPlace>(
  { agenda_key, read, read_max }: AgendaSource<Entry>,
  after: MergedPlace | null,
): Reader<Entry> {
  let place = placeIn(agenda_key, after);
  let limit = FIRST_READ;
  let page = read(place, limit);
  let at = 0;
  return {
    agenda_key,
    get head() {
      return page[at] ?? null;
    },
    next() {
      const read_one = page[at];
      assert(read_one !== undefined, 'read beyond the end of an agenda');
      place = { start: read_one.start, key: read_one.key };
      at += 1;
      if (at < page.length || page.length < limit) return;
      limit = Math.min(2 * limit, read_max);
      page = read(place, limit);
      at = 0;
    },
  };
}

/** Where one agenda goes on; of what is at the place itself, the agendas that come later are not read yet. */
function placeIn(agenda_key: Key, after: MergedPlace | null): AgendaPlace | null {
  if (after === null) return null;
  const { start, key } = after;
  return { start, key: agenda_key <= after.agenda_key ? key : key - 1 };
}
