import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditRow } from '../../agenda/audit.ts';
import type { AgendaView, AuditFilter, AuditPlace } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import type { AuditTrail, WaitingEvent } from '../dependencies.ts';
import { invalidField } from '../validate.ts';
import type { AuditQuery } from './query-schema.ts';

/** What is in the log, and what waits for it at this replica. */
export type AuditEntry =
  | { readonly kind: 'row'; readonly row: AuditRow }
  | { readonly kind: 'waiting'; readonly event: WaitingEvent };

export interface AuditPage<Shown> {
  readonly logs: readonly Shown[];
  /** Of the next page; null on the last. */
  readonly next_cursor: string | null;
}

export interface AuditSource {
  readonly view: Pick<AgendaView, 'audit'>;
  readonly trail: AuditTrail;
  /** Whose waiting events they are. */
  readonly node_id: string;
}

/** Where a page begins: among what waits, or among the rows; null: at the newest of them. */
type Place =
  | { readonly among: 'waiting'; readonly before_id: number | null }
  | { readonly among: 'rows'; readonly before: AuditPlace | null };

/**
 * A page of the audit, newest first; of this replica alone, what waits comes before the rows. It is walked
 * through in slices, so that it keeps the event loop from nothing, and so many rows at most for one answer,
 * whose page may then be short and have a next one all the same.
 */
export async function readAudit<Shown>(
  source: AuditSource,
  query: AuditQuery,
  show: (entry: AuditEntry) => Shown,
): Promise<AuditPage<Shown>> {
  const filter = filterOf(query);
  const { limit, scope } = query;
  const logs: Shown[] = [];
  let place: Place | null =
    query.cursor === undefined ? firstPlace(scope) : parseCursor(query.cursor, scope);
  let looked_at = 0;
  while (place !== null && logs.length < limit && looked_at < limits.audit_rows_examined_max) {
    if (looked_at > 0) await nextTurn();
    looked_at += limits.audit_slice_rows;
    const wanted = Math.min(limit - logs.length, limits.audit_slice_rows_shown);
    const slice: Slice =
      place.among === 'waiting'
        ? waitingSlice(source, filter, place.before_id, wanted)
        : rowSlice(source, filter, place.before, wanted);
    logs.push(...slice.entries.map(show));
    place = slice.next;
  }
  return { logs, next_cursor: place === null ? null : formatCursor(place) };
}

interface Slice {
  readonly entries: readonly AuditEntry[];
  readonly next: Place | null;
}

function rowSlice(
  { view }: AuditSource,
  filter: AuditFilter,
  before: AuditPlace | null,
  limit: number,
): Slice {
  const slice = { filter, before, rows: limits.audit_slice_rows, limit };
  const { rows, next_before } = view.audit.rowsBefore(slice);
  return {
    entries: rows.map((row) => ({ kind: 'row', row })),
    next: next_before === null ? null : { among: 'rows', before: next_before },
  };
}

function waitingSlice(
  { trail, node_id }: AuditSource,
  filter: AuditFilter,
  before_id: number | null,
  limit: number,
): Slice {
  const { events, next_before_id } = trail.waiting(before_id, limits.audit_slice_rows);
  const found = events.filter((event) => matches(event, node_id, filter)).slice(0, limit);
  const entries = found.map((event): AuditEntry => ({ kind: 'waiting', event }));
  const last_id = found.at(-1)?.id;
  if (found.length === limit && last_id !== undefined) {
    return { entries, next: { among: 'waiting', before_id: last_id } };
  }
  if (next_before_id === null) return { entries, next: { among: 'rows', before: null } };
  return { entries, next: { among: 'waiting', before_id: next_before_id } };
}

function matches(event: WaitingEvent, node_id: string, filter: AuditFilter): boolean {
  const { component, action, level, actor_key, request_id, since, until } = filter;
  return (
    (component === null || event.component === component) &&
    (action === null || event.action === action) &&
    (level === null || event.level === level) &&
    (actor_key === null || event.actor_key === actor_key) &&
    (filter.node_id === null || node_id === filter.node_id) &&
    (since === null || event.at >= since) &&
    (until === null || event.at < until) &&
    (request_id === null ||
      event.request_id === request_id ||
      (event.count > 1 && event.payload.includes(`"${request_id}"`)))
  );
}

function filterOf(query: AuditQuery): AuditFilter {
  return {
    component: query.component ?? null,
    action: query.action ?? null,
    level: query.level ?? null,
    request_id: query.request_id ?? null,
    actor_key: query.actor_id ?? null,
    node_id: query.node_id ?? null,
    since: query.since ?? null,
    until: query.until ?? null,
  };
}

function firstPlace(scope: AuditQuery['scope']): Place {
  return scope === 'local'
    ? { among: 'waiting', before_id: null }
    : { among: 'rows', before: null };
}

function formatCursor(place: Place): string {
  const text =
    place.among === 'waiting'
      ? `w${place.before_id?.toString(36) ?? ''}`
      : `r${place.before === null ? '' : `${place.before.occurred_at.toString(36)}.${place.before.key.toString(36)}`}`;
  return Buffer.from(text).toString('base64url');
}

const cursor_text = /^(?:w([0-9a-z]{1,11})|r(?:([0-9a-z]{1,11})\.([0-9a-z]{1,11}))?)$/;

function parseCursor(cursor: string, scope: AuditQuery['scope']): Place {
  const parts = cursor_text.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const [, before_id, occurred_at, key] = parts ?? [];
  const numberOf = (digits: string): number => Number.parseInt(digits, 36);
  if (parts !== null && before_id !== undefined && scope === 'local') {
    return { among: 'waiting', before_id: numberOf(before_id) };
  }
  if (parts !== null && before_id === undefined) {
    if (occurred_at === undefined || key === undefined) return { among: 'rows', before: null };
    return {
      among: 'rows',
      before: { occurred_at: numberOf(occurred_at), key: numberOf(key) },
    };
  }
  throw invalidField('cursor', 'must be the next_cursor of an answer');
}
