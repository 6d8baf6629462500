import type { Key } from '../../agenda/model.ts';
import type { AgendaEntry, AgendaPlace, AgendaView } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { foldText } from '../fold.ts';
import type { AgendaPage } from './agenda-page.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { SearchQuery } from './query-schema.ts';

/**
 * One page of a person's appointments that have every word of the query in title or description, without
 * regard to case and accents. So many are looked at for a page and no more: it may have fewer than `limit`,
 * or none, and there are more as long as there is a cursor.
 */
export function searchAppointments(
  view: AgendaView,
  agenda_key: Key,
  query: SearchQuery,
): AgendaPage {
  const { start, end, limit } = query;
  const words = searchForm(query.query).split(/\s+/);
  const texts = view.agendaTextsOf(agenda_key, {
    start,
    end,
    after: parseCursor(query.cursor),
    with_cancelled: false,
    with_declined: true,
    limit: limits.search_examined_max + 1,
  });
  const found: Key[] = [];
  let examined = 0;
  let characters = 0;
  let last: AgendaPlace | null = null;
  let has_more = false;
  for (const text of texts) {
    has_more =
      found.length === limit ||
      examined === limits.search_examined_max ||
      characters > limits.search_examined_characters_max;
    if (has_more) break;
    const searched = searchForm(`${text.title}\n${text.description}`);
    if (words.every((word) => searched.includes(word))) found.push(text.key);
    examined += 1;
    characters += searched.length;
    last = text;
  }
  const entries = found.flatMap((key): AgendaEntry | readonly [] => {
    const appointment = view.appointmentByKey(key);
    return appointment === null ? [] : { appointment, status: 'accepted' };
  });
  return { entries, next_cursor: has_more && last !== null ? formatCursor(last) : null };
}

const ascii_only = /^[\s\x20-\x7e]*$/;

/** Folded, and without the marks that make accents. Only ever compared here, so no replica must agree. */
function searchForm(text: string): string {
  if (ascii_only.test(text)) return text.toLowerCase();
  return foldText(text)
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '');
}
