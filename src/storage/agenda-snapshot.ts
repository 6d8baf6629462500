import Database from 'better-sqlite3';
import type { Statement } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { Instant, Key, ParticipantStatus } from '../agenda/model.ts';
import { textCharacters } from '../agenda/text-characters.ts';
import type { AgendaEntry, AgendaRange, AgendaSnapshot, BusyTime } from '../agenda/view.ts';
import { limits } from '../limits.ts';
import { appointmentOf } from './agenda-rows.ts';
import type { AppointmentRow } from './agenda-rows.ts';
import { prepareGroupsView } from './groups-view.ts';
import { prepareParticipationView } from './participation-view.ts';
import {
  agenda_queries,
  agendaParameters,
  busy_times_query,
  busyTimesParameters,
} from './range-queries.ts';
import type { AgendaParameters, BusyTimesParameters } from './range-queries.ts';

/** Columns of the appointment; then start and key of the occurrence, and how the person stands to it. */
export type AgendaEntryRow = readonly [
  ...AppointmentRow,
  start: Instant,
  key: Key,
  status: ParticipantStatus,
];

/** `gone_before`: what was cancelled then or earlier is no longer there. */
export function readAgenda(
  statement: Statement<[AgendaParameters], AgendaEntryRow>,
  agenda_key: Key,
  range: AgendaRange,
  gone_before: Instant,
): readonly AgendaEntry[] {
  const parameters = agendaParameters(agenda_key, range, gone_before);
  const { characters_max } = range;
  if (characters_max === undefined) return statement.all(parameters).map(agendaEntryOf);
  const entries: AgendaEntry[] = [];
  let characters = 0;
  for (const row of statement.iterate(parameters)) {
    const entry = agendaEntryOf(row);
    entries.push(entry);
    characters += textCharacters(entry.appointment);
    if (characters > characters_max) break;
  }
  return entries;
}

function agendaEntryOf(row: AgendaEntryRow): AgendaEntry {
  const status = must(row.at(-1), 'an occurrence without a status') as ParticipantStatus;
  return { appointment: appointmentOf(row as unknown as AppointmentRow), status };
}

/** See `busy_times_query`. */
export type BusyTimeRow = readonly [
  start: Instant,
  key: Key,
  end: Instant,
  all_day: 0 | 1,
  start_offset_s: number,
  end_offset_s: number,
  group_key: Key | null,
];

export function busyTimeOf(row: BusyTimeRow): BusyTime {
  const [start, key, end, all_day, start_offset_s, end_offset_s, group_key] = row;
  return { start, key, end, all_day: all_day === 1, start_offset_s, end_offset_s, group_key };
}

/**
 * The committed state as it is now, on a connection of its own: what is applied while it is read in slices
 * does not change what it shows. While it is open, the WAL cannot begin anew.
 */
export function openAgendaSnapshot(path: string, onClosed: () => void): AgendaSnapshot {
  const connection = new Database(path, {
    readonly: true,
    fileMustExist: true,
    timeout: limits.database_busy_timeout_ms,
  });
  connection.exec('BEGIN');
  // The first read fixes what the transaction sees.
  const state_time = connection
    .prepare<[], Instant>('SELECT state_time FROM raft_meta')
    .pluck()
    .get();
  assert(state_time !== undefined, 'agenda.db without its row in raft_meta');
  const gone_before = state_time - limits.cancelled_kept_ms;
  const agenda = connection
    .prepare<[AgendaParameters], AgendaEntryRow>(agenda_queries.appointments)
    .raw();
  const busy_times = connection.prepare<[BusyTimesParameters], BusyTimeRow>(busy_times_query).raw();
  return {
    agendaOf: (agenda_key, range) => readAgenda(agenda, agenda_key, range, gone_before),
    busyTimesOf: (agenda_key, range) =>
      busy_times.all(busyTimesParameters(agenda_key, range)).map(busyTimeOf),
    groups: prepareGroupsView(connection),
    participation: prepareParticipationView(connection),
    close() {
      assert(connection.open, 'a snapshot is closed once');
      connection.close();
      onClosed();
    },
  };
}
