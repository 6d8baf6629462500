import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { assert, constantFrom, integer, property, record } from 'fast-check';
import type { AuditRow } from '../../src/agenda/audit.ts';
import type { AuditFilter, AuditPlace } from '../../src/agenda/view.ts';
import { audit_queries } from '../../src/storage/audit-view.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { opened } from '../support/store-fixture.ts';

const anything: AuditFilter = {
  component: null,
  action: null,
  level: null,
  request_id: null,
  actor_key: null,
  node_id: null,
  since: null,
  until: null,
};

function rowAt(key: number, occurred_at: number): AuditRow {
  return {
    key,
    component: key % 3 === 0 ? 'raft' : 'users',
    action: 'user.log_in',
    actor_key: key % 5,
    object_key: null,
    request_id: `request-${key}`,
    origin_node: `agenda-${key % 2}`,
    occurred_at,
    level: 'info',
    payload: '{}',
    payload_hash: null,
    count: 1,
    chain: null,
  };
}

/** Keys of a walk from the newest row to the oldest one, slice by slice. */
function walk(
  store: SqliteAgendaStore,
  filter: AuditFilter,
  { rows, limit }: { readonly rows: number; readonly limit: number },
): number[] {
  const keys: number[] = [];
  let before: AuditPlace | null = null;
  for (let slices = 0; slices < 1_000; slices += 1) {
    const slice = store.view.audit.rowsBefore({ filter, before, rows, limit });
    expect(slice.rows.length).toBeLessThanOrEqual(limit);
    keys.push(...slice.rows.map(({ key }) => key));
    before = slice.next_before;
    if (before === null) return keys;
  }
  throw new Error('a walk without end');
}

describe('the audit in slices', () => {
  test('gives every row that matches once, newest first, however it is sliced', () => {
    opened((store) => {
      const all = Array.from({ length: 60 }, (_, at) => rowAt(at + 1, 1_000 + ((at * 7) % 20)));
      store.transaction(() => {
        store.write(all.map((row) => ({ op: 'insert', table: 'audit_logs', row })));
      });
      const slicing = record({
        rows: integer({ min: 1, max: 70 }),
        limit: integer({ min: 1, max: 70 }),
        component: constantFrom(null, 'raft', 'users', 'posts'),
        actor_key: constantFrom(null, 1, 4),
        node_id: constantFrom(null, 'agenda-1'),
        since: constantFrom(null, 1_005, 1_019, 1_030),
        until: constantFrom(null, 1_001, 1_010, 1_030),
      });
      assert(
        property(slicing, ({ rows, limit, ...wanted }) => {
          const { component, actor_key, node_id, since, until } = wanted;
          const expected = all
            .filter((row) => component === null || row.component === component)
            .filter((row) => actor_key === null || row.actor_key === actor_key)
            .filter((row) => node_id === null || row.origin_node === node_id)
            .filter((row) => since === null || row.occurred_at >= since)
            .filter((row) => until === null || row.occurred_at < until)
            .sort((one, other) => other.occurred_at - one.occurred_at || other.key - one.key)
            .map(({ key }) => key);
          expect(walk(store, { ...anything, ...wanted }, { rows, limit })).toEqual(expected);
        }),
      );
    });
  });

  test.each(Object.entries<string>(audit_queries))(
    '%s looks at no more than its slice',
    (_name, sql) => {
      opened((_store, path) => {
        const database = new Database(path, { readonly: true });
        const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all({
          before_time: 1,
          before_key: 1,
          rows: 1,
          limit: 1,
          ...anything,
          since: 0,
        }) as { detail: string }[];
        database.close();
        const text = plan.map(({ detail }) => detail).join('\n');
        expect(text).toMatch(/SEARCH audit_logs USING (COVERING )?INDEX audit_logs_by_time/);
        expect(text).not.toMatch(/SCAN audit_logs/);
      });
    },
  );
});
