import { limits } from '../../limits.ts';
import { textCharacters } from '../../agenda/text-characters.ts';
import type { AgendaEntry, AgendaPlace, AgendasPort } from '../../agenda/view.ts';
import { presentAppointment } from '../present/appointment.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { AgendaQuery } from './query-schema.ts';
import { answerList } from './streamed-list.ts';
import type { ListSteps } from './streamed-list.ts';

/** `GET /api/agenda`: one page, by start then id. A cursor names the last appointment before the page. */
export function readAgenda(
  services: ApiServices,
  context: RouteContext<unknown, AgendaQuery>,
): Answer {
  const { query } = context;
  const { user } = callerOf(context);
  const cluster_id = services.clusterId();
  return answerList(services, user.key, (agendas) => stepsOf(agendas));

  function* stepsOf(agendas: AgendasPort): ListSteps {
    const { start, end, include } = query;
    let after: AgendaPlace | null = parseCursor(query.cursor);
    let remaining = query.limit;
    for (;;) {
      const wanted = Math.min(remaining, limits.agenda_slice);
      const found = agendas.agendaOf(user.key, {
        start,
        end,
        after,
        with_cancelled: include.has('cancelled'),
        with_declined: include.has('declined'),
        // One more than is taken tells whether there is more.
        limit: wanted + 1,
        characters_max: limits.agenda_slice_characters,
      });
      const entries = takeSlice(found, wanted);
      const items = entries.map(({ appointment, status }) =>
        presentAppointment(appointment, status, cluster_id),
      );
      const last = entries.at(-1)?.appointment;
      remaining -= entries.length;
      if (last === undefined || found.length === entries.length) {
        yield { items, end: { next_cursor: null } };
        return;
      }
      if (remaining === 0) {
        yield { items, end: { next_cursor: formatCursor(last) } };
        return;
      }
      yield { items, end: null };
      after = last;
    }
  }
}

/** What one turn of the event loop makes of what was found: so many, and not too much text. */
function takeSlice(found: readonly AgendaEntry[], wanted: number): readonly AgendaEntry[] {
  let characters = 0;
  const end = found.findIndex(({ appointment }, at) => {
    characters += textCharacters(appointment);
    return at === wanted || characters > limits.agenda_slice_characters;
  });
  return end === -1 ? found : found.slice(0, end);
}
