import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/storage/database.ts';
import { DatabaseTooNewError, migrate } from '../../src/storage/migrate.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('database');
afterAll(directory.remove);

let databases = 0;
function newPath(): string {
  databases += 1;
  return join(directory.path, `${databases}.db`);
}

test.each([
  ['full', 2],
  ['normal', 1],
] as const)('synchronous is %s on every open, not only the first', (synchronous, value) => {
  const path = newPath();
  for (let open = 1; open <= 2; open++) {
    const database = openDatabase({ path, synchronous, wal_autocheckpoint_pages: 0 });
    expect(database.pragma('synchronous', { simple: true })).toBe(value);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('wal_autocheckpoint', { simple: true })).toBe(0);
    database.close();
  }
});

test('a database that cannot have a WAL is refused', () => {
  expect(() => openDatabase({ path: ':memory:', synchronous: 'full' })).toThrow('journal_mode');
});

test('steps are done once, in order, and new ones are added', () => {
  const database = openDatabase({ path: newPath(), synchronous: 'normal' });
  const done: string[] = [];
  const steps = ['a', 'b', 'c'].map((name) => () => void done.push(name));
  migrate(database, steps.slice(0, 2));
  migrate(database, steps.slice(0, 2));
  migrate(database, steps);
  expect(done).toEqual(['a', 'b', 'c']);
  database.close();
});

test('a step that fails undoes all of them', () => {
  const database = openDatabase({ path: newPath(), synchronous: 'normal' });
  expect(() => migrate(database, ['CREATE TABLE t (n INTEGER)', 'no SQL'])).toThrow('syntax');
  expect(database.prepare('SELECT name FROM sqlite_master').all()).toEqual([]);
  expect(database.pragma('user_version', { simple: true })).toBe(0);
  database.close();
});

test('a database of a newer program is refused and not touched', () => {
  const path = newPath();
  const database = openDatabase({ path, synchronous: 'normal' });
  migrate(database, ['CREATE TABLE t (n INTEGER)', 'CREATE TABLE u (n INTEGER)']);
  expect(() => migrate(database, ['CREATE TABLE t (n INTEGER)'])).toThrow(DatabaseTooNewError);
  expect(() => migrate(database, ['CREATE TABLE t (n INTEGER)'])).toThrow(
    'has schema version 2, this program knows up to 1',
  );
  expect(database.pragma('user_version', { simple: true })).toBe(2);
  database.close();
});
