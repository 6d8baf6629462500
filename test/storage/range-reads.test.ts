import Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import { seededPrng } from '../../src/base/prng.ts';
import type { Appointment, Key } from '../../src/agenda/model.ts';
import type { AgendaRange } from '../../src/agenda/view.ts';
import { expiry_queries } from '../../src/storage/expiry-rows.ts';
import { agenda_queries, busy_queries, busy_times_query } from '../../src/storage/range-queries.ts';
import { DAY_MS, HOUR_MS, MIDNIGHT } from '../support/agenda-fixture.ts';
import { ana, appointment, booked, opened, rangeOf, write } from '../support/store-fixture.ts';

const all_range_queries = [
  ...Object.entries(busy_queries),
  ...Object.entries(agenda_queries),
  ['busy times', busy_times_query],
] as const;

describe('range reads', () => {
  const lengths_ms = [1, HOUR_MS, DAY_MS - 1, DAY_MS, DAY_MS + 1, 40 * DAY_MS];

  test('give what overlaps, by start then key, as a plain search does', () => {
    opened((store) => {
      const prng = seededPrng(7);
      const all: Appointment[] = [];
      for (let key = 1; key <= 400; key += 1) {
        const start = MIDNIGHT + prng.below(60 * 24) * HOUR_MS;
        const end = start + (lengths_ms[prng.below(lengths_ms.length)] ?? 1);
        const cancelled_at = prng.below(10) === 0 ? MIDNIGHT : null;
        all.push({ ...appointment, key, start, end, busy: prng.below(3) > 0, cancelled_at });
      }
      write(
        store,
        all.flatMap((one) => booked(one)),
      );
      write(store, booked({ key: 1_000, start: MIDNIGHT, end: MIDNIGHT + 90 * DAY_MS }, 77));
      all.sort((one, other) => one.start - other.start || one.key - other.key);
      for (let round = 0; round < 300; round += 1) {
        const start = MIDNIGHT + (prng.below(70 * 24) - 100) * HOUR_MS;
        const end = start + 1 + prng.below(10 * 24) * HOUR_MS;
        const limit = 1 + prng.below(40);
        const there = all.filter((one) => one.start < end && one.end > start);
        const expected = there.filter((one) => one.cancelled_at === null);
        const read = (more: Partial<AgendaRange>): readonly Appointment[] =>
          store.view
            .agendaOf(ana.key, rangeOf(start, end, { limit, ...more }))
            .map((one) => one.appointment);
        expect(read({})).toEqual(expected.slice(0, limit));
        expect(read({ with_cancelled: true })).toEqual(there.slice(0, limit));
        const after = expected[prng.below(expected.length + 1)] ?? null;
        const rest = expected.slice(after === null ? 0 : expected.indexOf(after) + 1);
        expect(read({ after })).toEqual(rest.slice(0, limit));
        const range_after = rangeOf(start, end, { limit, after });
        expect(store.view.agendaPlacesOf(ana.key, range_after)).toEqual(
          rest.slice(0, limit).map((one) => ({ start: one.start, key: one.key })),
        );
        expect(store.view.busyTimesOf(ana.key, range_after)).toEqual(
          rest
            .filter((one) => one.busy)
            .slice(0, limit)
            .map((one) =>
              expect.objectContaining({ start: one.start, key: one.key, end: one.end }),
            ),
        );
        const busy = expected.filter((one) => one.busy).map((one) => one.key);
        const [except_key = 0] = busy;
        const others = busy.filter((key) => key !== except_key);
        const range = { start, end, except_key: 0 };
        expect(store.view.busyOverlapping(ana.key, range, limit)).toEqual(busy.slice(0, limit));
        expect(store.view.busyOverlapping(ana.key, { ...range, except_key }, limit)).toEqual(
          others.slice(0, limit),
        );
      }
    });
  });

  test('end with the appointment whose texts go beyond what is wanted', () => {
    opened((store) => {
      for (let key = 1; key <= 5; key += 1) {
        const start = MIDNIGHT + key * HOUR_MS;
        const texts = { title: 'x'.repeat(10), description: 'x'.repeat(90) };
        write(store, booked({ key, start, end: start + HOUR_MS, ...texts }));
      }
      const range = rangeOf(MIDNIGHT, MIDNIGHT + DAY_MS, { limit: 4 });
      const snapshot = store.view.agendaSnapshot();
      for (const agendas of [store.view, snapshot]) {
        const read = (more: Partial<AgendaRange>): number | undefined =>
          agendas?.agendaOf(ana.key, { ...range, ...more }).length;
        expect(read({})).toBe(4);
        expect(read({ characters_max: 50 })).toBe(1);
        expect(read({ characters_max: 200 })).toBe(3);
        expect(read({ characters_max: 1_000 })).toBe(4);
      }
      snapshot?.close();
    });
  });

  test('touching ends do not overlap', () => {
    opened((store) => {
      write(store, booked({ start: MIDNIGHT, end: MIDNIGHT + HOUR_MS }));
      write(store, booked({ key: 8193, start: MIDNIGHT - 2 * DAY_MS, end: MIDNIGHT }));
      const busy = (start: number, end: number): readonly Key[] =>
        store.view.busyOverlapping(
          ana.key,
          { start: MIDNIGHT + start, end: MIDNIGHT + end, except_key: 0 },
          10,
        );
      expect(busy(HOUR_MS, 2 * HOUR_MS)).toEqual([]);
      expect(busy(HOUR_MS - 1, 2 * HOUR_MS)).toEqual([8192]);
      expect(busy(-HOUR_MS, 0)).toEqual([8193]);
      expect(busy(-2 * DAY_MS - 1, -2 * DAY_MS)).toEqual([]);
      expect(busy(-1, 1)).toEqual([8193, 8192]);
    });
  });

  test.each(all_range_queries)(
    'the plan of %s looks at a day before the range, and at long ones that have not ended',
    (_, sql) => {
      opened((__, path) => {
        const database = new Database(path, { readonly: true });
        const parameters = {
          agenda_key: 1,
          start: 1,
          end: 2,
          limit: 3,
          short_from: 0,
          except_key: 4,
          after_start: 0,
          after_key: 0,
          cancelled_after: 0,
          without_status: 'declined',
        };
        const plan = (
          database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters) as { detail: string }[]
        ).map((row) => row.detail);
        database.close();
        // `USING PRIMARY KEY` with a lower bound, or the index of the long ones; never a whole table.
        const searches = plan.filter((detail) => /\b(SCAN|SEARCH) o\b/.test(detail));
        expect(searches.length).toBeGreaterThanOrEqual(1);
        for (const detail of searches) {
          expect(detail).toMatch(
            /PRIMARY KEY \(agenda_key=\? AND start>\? AND start<\?\)|INDEX occurrences_long \(agenda_key=\? AND end>\?\)/,
          );
        }
        expect(plan.filter((detail) => detail.includes('SCAN'))).toEqual(
          plan.filter((detail) => detail === 'SCAN CONSTANT ROW'),
        );
      });
    },
  );

  test('no plan is made anew for the value of a limit', () => {
    // See `range-queries.ts`: a bare `LIMIT @limit` costs twenty times as much.
    const all = [...all_range_queries, ...Object.entries(expiry_queries)];
    for (const [, sql] of all) expect(sql).not.toMatch(/LIMIT (?:@limit|\?)\s*$/);
  });

  test.each([
    ['SELECT * FROM users WHERE username_folded = ?', 'sqlite_autoindex_users'],
    ['SELECT * FROM users WHERE email_folded = ?', 'sqlite_autoindex_users'],
    ['SELECT * FROM calendars WHERE owner_key = ? AND is_default = 1', 'calendars_default'],
    ['SELECT * FROM raft_applied WHERE scope_head = ?', 'raft_applied_by_scope'],
    [
      'SELECT entry_index FROM raft_applied WHERE ? ORDER BY expires_at, entry_index LIMIT 1',
      'raft_applied_by_expiry',
    ],
    [expiry_queries.cancelled, 'appointments_cancelled'],
    [expiry_queries.versions, 'appointment_versions_expiry'],
    [expiry_queries.tombstones, 'tombstones_expiry'],
    [expiry_queries.earlier_rows, 'earlier_rows_expiry'],
    [expiry_queries.deleted_groups, 'groups_deleted'],
    [expiry_queries.posts, 'posts_by_group'],
    ['SELECT * FROM appointment_versions WHERE appointment_key = ? AND version = 1', 'PRIMARY KEY'],
  ])('%s uses an index', (sql, index) => {
    opened((_, path) => {
      const database = new Database(path, { readonly: true });
      const parameters = sql.includes('?') ? [1] : [];
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as {
        detail: string;
      }[];
      database.close();
      expect(plan.map((row) => row.detail).join('\n')).toContain(index);
      expect(plan.some((row) => row.detail.includes('TEMP B-TREE'))).toBe(false);
    });
  });
});
