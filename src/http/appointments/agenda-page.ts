import type { Key } from '../../agenda/model.ts';
import type { AgendaEntry, AgendaView } from '../../agenda/view.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { AgendaQuery } from './query-schema.ts';

export interface AgendaPage {
  readonly entries: readonly AgendaEntry[];
  /** Of the next page; null on the last. */
  readonly next_cursor: string | null;
}

/** One page of a person's agenda, by start then id. A cursor names the last appointment before the page. */
export function readAgendaPage(view: AgendaView, agenda_key: Key, query: AgendaQuery): AgendaPage {
  const { start, end, limit, include } = query;
  const found = view.agendaOf(agenda_key, {
    start,
    end,
    after: parseCursor(query.cursor),
    with_cancelled: include.has('cancelled'),
    with_declined: include.has('declined'),
    // One more than wanted tells whether there is a next page.
    limit: limit + 1,
  });
  const entries = found.slice(0, limit);
  const last = entries.at(-1)?.appointment;
  const is_last = found.length <= limit || last === undefined;
  return { entries, next_cursor: is_last ? null : formatCursor(last) };
}
