import type { Appointment, Key } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { AgendaQuery } from './query-schema.ts';

export interface AgendaPage {
  readonly appointments: readonly Appointment[];
  /** Of the next page; null on the last. */
  readonly next_cursor: string | null;
}

/** One page of a person's agenda, by start then id. A cursor names the last appointment before the page. */
export function readAgendaPage(view: AgendaView, person_key: Key, query: AgendaQuery): AgendaPage {
  const { start, end, limit, include } = query;
  const found = view.agendaOf(person_key, {
    start,
    end,
    after: parseCursor(query.cursor),
    with_cancelled: include.has('cancelled'),
    // One more than wanted tells whether there is a next page.
    limit: limit + 1,
  });
  const appointments = found.slice(0, limit);
  const last = appointments.at(-1);
  const is_last = found.length <= limit || last === undefined;
  return { appointments, next_cursor: is_last ? null : formatCursor(last) };
}
