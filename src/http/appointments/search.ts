import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Appointment, Key, ParticipantStatus } from '../../agenda/model.ts';
import { sightAsMember } from '../../agenda/sight.ts';
import type { AgendaPlace, AgendaView } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { presentAppointment } from '../present/appointment.ts';
import { ProblemError } from '../problem.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { mergeAgendas } from './merge-agendas.ts';
import { openPlace, sealPlace } from './merged-cursor.ts';
import type { AgendaSource, MergedPlace } from './merge-agendas.ts';
import type { SearchQuery } from './query-schema.ts';
import { searchForm, searchPieces } from './search-form.ts';
import { standingIn } from './see.ts';

/** An appointment that the searcher sees, and how they take part in it; null: they do not. */
interface Seen {
  readonly appointment: Appointment;
  readonly standing: ParticipantStatus | null;
}

interface FoundPage {
  readonly found: readonly Seen[];
  /** The last one that was looked at; null: there are no more. */
  readonly next_after: MergedPlace | null;
}

/**
 * `GET /api/search`: on one's own agenda and those of one's groups, what one sees and has every word of the
 * query in title or description, without regard to case and accents. So many are looked at for a page and
 * no more: it may have fewer than `limit`, or none, and there are more as long as there is a cursor. Cursors
 * reveal nothing of what was looked at. Throws `overloaded` when too many are under way.
 */
export async function searchAppointments(
  services: ApiServices,
  context: RouteContext<unknown, SearchQuery>,
): Promise<Answer> {
  const { query } = context;
  const { user } = callerOf(context);
  const { cursor: secret } = services.secrets;
  const of = `search for ${user.key}`;
  const after = openPlace(secret, of, query.cursor);
  const giveBack = services.searches_of_each.take(user.key);
  if (giveBack === null) {
    const detail = 'You search too often at once; wait for an answer, then try again.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  const { found, next_after } = await services.searches
    .inTurn(context.exchange.deadline, () => search(services.replica.view, user.key, query, after))
    .finally(giveBack);
  const items = found.map(({ appointment, standing }) =>
    presentAppointment(appointment, standing, services.clusterId()),
  );
  if (next_after === null) return { status: 200, body: { items } };
  return { status: 200, body: { items, next_cursor: sealPlace(secret, of, next_after) } };
}

async function search(
  view: AgendaView,
  user_key: Key,
  query: SearchQuery,
  after: MergedPlace | null,
): Promise<FoundPage> {
  const words = searchForm(query.query).split(/\s+/);
  const found: Seen[] = [];
  const pace = paceOfSearch();
  let examined = 0;
  let characters = 0;
  let last: MergedPlace | null = null;
  for (const { place } of mergeAgendas(sourcesOf(view, user_key, query), after)) {
    const is_enough =
      found.length === query.limit ||
      examined === limits.search_examined_max ||
      characters > limits.search_examined_characters_max;
    if (is_enough) return { found, next_after: last };
    const seen = seenAt(view, user_key, place);
    if (seen !== null) {
      const { title, description } = seen.appointment;
      let searched = '';
      for (const piece of searchPieces(`${title}\n${description}`)) {
        searched += piece;
        await pace(0, piece.length);
      }
      if (words.every((word) => searched.includes(word))) found.push(seen);
      characters += searched.length;
    }
    examined += 1;
    last = place;
    await pace(1, 0);
  }
  return { found, next_after: null };
}

/**
 * To be told what was done. It resolves, when that was enough for one turn of the event loop, in the next;
 * else there is nothing to wait for.
 */
function paceOfSearch(): (rows: number, characters: number) => Promise<void> | undefined {
  let [rows_left, characters_left] = [0, 0];
  const beginTurn = (): void => {
    rows_left = limits.search_slice_rows;
    characters_left = limits.search_slice_characters;
  };
  beginTurn();
  return (rows, characters) => {
    rows_left -= rows;
    characters_left -= characters;
    return rows_left > 0 && characters_left > 0 ? undefined : nextTurn().then(beginTurn);
  };
}

/** One's own agenda, with what one declined, and those of the groups one is in. */
function sourcesOf(
  view: AgendaView,
  user_key: Key,
  { start, end }: SearchQuery,
): readonly AgendaSource<AgendaPlace>[] {
  const range = { start, end, with_cancelled: false, with_declined: true };
  const groups = view.groups.membershipsOf(user_key, 0, limits.memberships_max);
  return [user_key, ...groups.map(({ group_key }) => group_key)].map((agenda_key) => {
    return {
      agenda_key,
      read_max: limits.agenda_slice,
      read: (after, limit) => view.agendaPlacesOf(agenda_key, { ...range, after, limit }),
    };
  });
}

/**
 * What is to be looked at there; null: nothing. What one is on oneself is on one's own agenda, whatever
 * group it is of: it counts there.
 */
function seenAt(view: AgendaView, user_key: Key, { key, agenda_key }: MergedPlace): Seen | null {
  const appointment = view.appointmentByKey(key);
  // It may have changed since its place was read.
  if (appointment === null || appointment.cancelled_at !== null) return null;
  const standing = standingIn(view.participation, appointment, user_key);
  const is_own = agenda_key === user_key;
  if (is_own) return standing === null ? null : { appointment, standing };
  if (standing !== null || sightAsMember(view.groups, user_key, appointment) !== 'full')
    return null;
  return { appointment, standing: null };
}
