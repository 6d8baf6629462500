import type { Appointment, Instant, Key } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { invalidField } from '../validate.ts';
import type { AgendaQuery } from './schema.ts';

export interface AgendaPage {
  readonly appointments: readonly Appointment[];
  /** Of the next page; null on the last. */
  readonly next_cursor: string | null;
}

/** One page of a person's agenda, by start then id. A cursor names the last appointment before the page. */
export function readAgendaPage(view: AgendaView, person_key: Key, query: AgendaQuery): AgendaPage {
  const { start, end, limit } = query;
  const after = query.cursor === undefined ? null : parseCursor(query.cursor);
  // One more than wanted tells whether there is a next page; after a cursor, those before it come along.
  const read_max =
    after === null ? Math.min(limit + 1, limits.agenda_items_max) : limits.agenda_items_max;
  const found = view.agendaOf(person_key, start, end, read_max);
  const rest = after === null ? found : found.filter((appointment) => isAfter(appointment, after));
  const appointments = rest.slice(0, limit);
  const last = appointments.at(-1);
  const is_last = rest.length <= limit || last === undefined;
  return { appointments, next_cursor: is_last ? null : formatCursor(last) };
}

interface AgendaPlace {
  readonly start: Instant;
  readonly key: Key;
}

function isAfter(appointment: Appointment, place: AgendaPlace): boolean {
  if (appointment.start !== place.start) return appointment.start > place.start;
  return appointment.key > place.key;
}

function formatCursor({ start, key }: AgendaPlace): string {
  return Buffer.from(`${start.toString(36)}.${key.toString(36)}`).toString('base64url');
}

function parseCursor(cursor: string): AgendaPlace {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const parts = /^(-?[0-9a-z]{1,10})\.([0-9a-z]{1,11})$/.exec(text);
  if (parts === null) throw invalidField('cursor', 'must be the next_cursor of an answer');
  return { start: Number.parseInt(parts[1] ?? '', 36), key: Number.parseInt(parts[2] ?? '', 36) };
}
