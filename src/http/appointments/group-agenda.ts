import { parseId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import { sightAsMember } from '../../agenda/sight.ts';
import { textCharacters } from '../../agenda/text-characters.ts';
import type {
  AgendaEntry,
  AgendaPlace,
  AgendasPort,
  AgendaView,
  BusyTime,
} from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { presentAppointment } from '../present/appointment.ts';
import { presentBusy } from '../present/busy.ts';
import { ProblemError } from '../problem.ts';
import { callerOf, parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { mergeAgendas } from './merge-agendas.ts';
import { openPlace, sealPlace } from './merged-cursor.ts';
import type { AgendaSource, MergedPlace } from './merge-agendas.ts';
import type { GroupAgendaQuery } from './query-schema.ts';
import { standingIn } from './see.ts';
import { answerList } from './streamed-list.ts';
import type { ListSteps } from './streamed-list.ts';

interface Reading {
  readonly group_key: Key;
  readonly viewer_key: Key;
  /** Members whose other times are shown. */
  readonly busy_keys: readonly Key[];
  readonly query: GroupAgendaQuery;
  readonly cluster_id: string;
  readonly after: MergedPlace | null;
  readonly cursorAfter: (place: MergedPlace) => string;
}

/** Of the group's own agenda, or a time taken on that of a member. */
type Entry = AgendaPlace &
  (
    | { readonly kind: 'appointment'; readonly of_group: AgendaEntry }
    | { readonly kind: 'busy'; readonly user_key: Key; readonly time: BusyTime }
  );

/**
 * `GET /api/groups/{id}/agenda`: the group's appointments as far as its reader sees them, and with
 * `include=busy` when members have something else. What is at the same time has a fixed order, of which
 * cursors reveal nothing. Throws `not_found`.
 */
export function readGroupAgenda(
  services: ApiServices,
  context: RouteContext<unknown, GroupAgendaQuery>,
): Answer {
  const { view } = services.replica;
  const { query } = context;
  const { key: viewer_key } = callerOf(context).user;
  const group_key = ownGroupKey(view, viewer_key, parameterOf(context, 'id'));
  const { cursor: secret } = services.secrets;
  const of = `agenda of ${group_key} for ${viewer_key}`;
  const reading: Reading = {
    group_key,
    viewer_key,
    busy_keys: query.include.has('busy') ? sharingMembers(view, group_key) : [],
    query,
    cluster_id: services.clusterId(),
    after: openPlace(secret, of, query.cursor),
    cursorAfter: (place) => sealPlace(secret, of, place),
  };
  return answerList(services, viewer_key, (agendas) => stepsOf(agendas, reading));
}

function ownGroupKey(view: AgendaView, viewer_key: Key, id: string): Key {
  const key = parseId('grp', id);
  if (key !== null && view.groups.memberOf(key, viewer_key) !== null) return key;
  throw new ProblemError({ code: 'not_found', detail: 'There is no such group.' });
}

function sharingMembers(view: AgendaView, group_key: Key): readonly Key[] {
  return view.groups
    .membersOf(group_key)
    .map(({ user_key }) => user_key)
    .filter((key) => view.userByKey(key)?.share_busy === true);
}

/** Only what is shown after a full page makes a cursor: what is not would be told of by it. */
function* stepsOf(agendas: AgendasPort, reading: Reading): ListSteps {
  let remaining = reading.query.limit;
  let items: object[] = [];
  let examined = 0;
  let characters = 0;
  let last: MergedPlace | null = null;
  for (const { entry, place } of mergeAgendas(sourcesOf(agendas, reading), reading.after)) {
    if (entry.kind === 'appointment') characters += textCharacters(entry.of_group.appointment);
    if (examined === limits.agenda_slice || characters > limits.agenda_slice_characters) {
      yield { items, end: null };
      items = [];
      examined = 0;
      characters = 0;
    }
    const item = present(agendas, reading, entry);
    examined += 1;
    if (item !== null && remaining === 0 && last !== null) {
      yield { items, end: { next_cursor: reading.cursorAfter(last) } };
      return;
    }
    last = place;
    if (item === null) continue;
    items.push(item);
    remaining -= 1;
  }
  yield { items, end: { next_cursor: null } };
}

function sourcesOf(agendas: AgendasPort, reading: Reading): readonly AgendaSource<Entry>[] {
  const { group_key, busy_keys, query } = reading;
  const with_cancelled = query.include.has('cancelled');
  const range = { start: query.start, end: query.end, with_cancelled, with_declined: true };
  const own: AgendaSource<Entry> = {
    agenda_key: group_key,
    read_max: limits.agenda_texts_read_at_once,
    read: (after, limit) =>
      agendas.agendaOf(group_key, { ...range, after, limit }).map((of_group) => {
        const { start, key } = of_group.appointment;
        return { kind: 'appointment', start, key, of_group };
      }),
  };
  const others = busy_keys.map((user_key): AgendaSource<Entry> => {
    return {
      agenda_key: user_key,
      read_max: limits.agenda_slice,
      read: (after, limit) =>
        agendas.busyTimesOf(user_key, { ...range, after, limit }).map((time) => {
          return { kind: 'busy', start: time.start, key: time.key, user_key, time };
        }),
    };
  });
  return [own, ...others];
}

/** Null: there is nothing to show of it. */
function present(agendas: AgendasPort, reading: Reading, entry: Entry): object | null {
  const { group_key, viewer_key, cluster_id } = reading;
  if (entry.kind === 'busy') {
    // The group's own are on its own agenda.
    return entry.time.group_key === group_key ? null : presentBusy(entry.time, entry.user_key);
  }
  const { appointment } = entry.of_group;
  const standing = standingIn(agendas.participation, appointment, viewer_key);
  if (standing !== null) return presentAppointment(appointment, standing, cluster_id);
  const sight = sightAsMember(agendas.groups, viewer_key, appointment);
  if (sight === 'full') return presentAppointment(appointment, null, cluster_id);
  // What is cancelled takes nobody's time.
  if (sight === 'none' || appointment.cancelled_at !== null) return null;
  return presentBusy(appointment, appointment.owner_key);
}
