import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Key } from '../../agenda/model.ts';
import type { AgendaEntry, AgendaPlace, AgendaSnapshot } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { AgendaQuery } from './query-schema.ts';

/**
 * {@link agendaSlices}, begun: so that its end closes the snapshot even when nobody ever reads from it.
 */
export function agendaChunks(...options: Parameters<typeof agendaSlices>): AsyncIterable<string> {
  const slices = agendaSlices(...options);
  let begun: Promise<IteratorResult<string>> | null = slices.next();
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const next = begun ?? slices.next();
        begun = null;
        return next;
      },
      return: () => slices.return(undefined),
    }),
  };
}

/**
 * A large page of a person's agenda as the JSON of a list, slice by slice: between two of them the event
 * loop is free, and what is shown is one state all the same. Closes the snapshot when it ends, however.
 */
async function* agendaSlices(
  snapshot: AgendaSnapshot,
  agenda_key: Key,
  query: AgendaQuery,
  present: (entry: AgendaEntry) => object,
): AsyncGenerator<string> {
  const { start, end, limit, include } = query;
  const with_cancelled = include.has('cancelled');
  const with_declined = include.has('declined');
  try {
    let after: AgendaPlace | null = parseCursor(query.cursor);
    let remaining = limit;
    let opening = '{"items":[';
    for (;;) {
      const wanted = Math.min(remaining, limits.agenda_slice);
      const range = { start, end, after, with_cancelled, with_declined, limit: wanted + 1 };
      const found = snapshot.agendaOf(agenda_key, range);
      const slice = found.slice(0, wanted);
      if (slice.length > 0) {
        yield opening + slice.map((one) => JSON.stringify(present(one))).join(',');
        opening = ',';
      }
      const last = slice.at(-1)?.appointment;
      remaining -= slice.length;
      if (last === undefined || found.length <= wanted) {
        yield opening === ',' ? ']}' : `${opening}]}`;
        return;
      }
      if (remaining === 0) {
        yield `],"next_cursor":${JSON.stringify(formatCursor(last))}}`;
        return;
      }
      after = last;
      await nextTurn();
    }
  } finally {
    snapshot.close();
  }
}
