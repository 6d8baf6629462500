import { expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { expiry_queries } from '../../src/storage/expiry-rows.ts';
import { group_queries } from '../../src/storage/groups-view.ts';
import { notification_queries, post_queries } from '../../src/storage/notifications-view.ts';
import { participation_queries } from '../../src/storage/participation-view.ts';
import { opened } from '../support/store-fixture.ts';

const queries = Object.entries({
  ...prefixed('groups', group_queries),
  ...prefixed('participation', participation_queries),
  ...prefixed('notifications', notification_queries),
  ...prefixed('posts', post_queries),
});

function prefixed(prefix: string, of: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(of).map(([name, sql]) => [`${prefix} ${name}`, sql]));
}

function planOf(path: string, sql: string): string {
  const database = new Database(path, { readonly: true });
  try {
    const parameters = Array.from(sql.matchAll(/\?/g), () => 1);
    const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
    return (rows as { detail: string }[]).map(({ detail }) => detail).join('\n');
  } finally {
    database.close();
  }
}

/** All of one group or appointment: few enough to be sorted. */
const few = ['groups members_of', 'participation participants_of', 'participation objections_of'];

test.each(queries)('%s is found by an index and in its order', (name, sql) => {
  opened((_, path) => {
    const plan = planOf(path, sql);
    expect(plan).toMatch(/^SEARCH \w+ USING (COVERING )?(INDEX|INTEGER PRIMARY KEY|PRIMARY KEY)/);
    expect(plan).not.toMatch(few.includes(name) ? /SCAN/ : /SCAN|TEMP B-TREE/);
  });
});

test.each(Object.entries(expiry_queries))('what expires first of %s needs no sorting', (_, sql) => {
  opened((__, path) => {
    expect(planOf(path, sql)).not.toMatch(/TEMP B-TREE/);
  });
});
