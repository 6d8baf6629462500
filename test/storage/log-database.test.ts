import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LogCorruptError } from '../../src/consensus/log-corrupt-error.ts';
import { limits } from '../../src/limits.ts';
import { LogDatabase } from '../../src/storage/log-database.ts';
import { compileDiskShim, diskShimEnvironment } from '../support/disk-shim.ts';
import {
  commandEntries,
  commandEntry,
  enterTerm,
  logBase,
  persist,
} from '../support/log-fixtures.ts';
import { compiledModule, runScript } from '../support/run-script.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('log-database');
afterAll(directory.remove);

const group_id = 'main';
let databases = 0;
function newPath(): string {
  databases += 1;
  return join(directory.path, `raft-${databases}.db`);
}

function opened<T>(path: string, use: (log: LogDatabase) => T, group = group_id): T {
  const log = new LogDatabase({ path, group_id: group });
  try {
    return use(log);
  } finally {
    log.close();
  }
}

/** Behind the program's back. */
function meddle(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

function allRows(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT * FROM raft_log ORDER BY position').all();
  } finally {
    database.close();
  }
}

function logOfFive(): string {
  const path = newPath();
  opened(path, (log) => log.write([enterTerm(2, { entries: commandEntries(1, 5, 2) })]));
  return path;
}

test.each([
  ['a changed payload', "UPDATE raft_log SET command = x'00' WHERE idx = 3", 3],
  ['a changed request id', "UPDATE raft_log SET request_id = 'x' WHERE idx = 2", 2],
  ['a changed term', 'UPDATE raft_log SET term = 1 WHERE idx = 4', 4],
  ['an unknown kind', 'UPDATE raft_log SET kind = 9 WHERE idx = 4', 4],
  ['a changed checksum', 'UPDATE raft_log SET checksum = checksum + 1 WHERE idx = 5', 5],
  ['a missing entry', 'DELETE FROM raft_log WHERE idx = 2', 2],
  ['a missing first entry', 'DELETE FROM raft_log WHERE idx = 1', 1],
])('%s is found on loading and on reading, by its index', (_, sql, index) => {
  const path = logOfFive();
  meddle(path, sql);
  opened(path, (log) => {
    expect(log.load()).toMatchObject({ damaged: [index], last_index: 5, term_starts: [] });
    const look = (): unknown => log.read(index, 5, Infinity);
    expect(look).toThrow(LogCorruptError);
    expect(look).toThrow(expect.objectContaining({ index }));
    expect(look).toThrow(`entry ${index}:`);
    if (index > 1) expect(log.read(1, 5, Infinity)).toHaveLength(index - 1);
    expect(log.inspect(index)).toMatchObject({
      index,
      before: { index: index - 1, term: index === 1 ? 0 : 2 },
      after: index === 5 ? null : { index: index + 1, term: 2 },
    });
  });
});

test('a repaired entry is the entry again, and no other may be replaced', () => {
  const path = logOfFive();
  const rows = (): unknown => allRows(path);
  const before = rows();
  meddle(path, "UPDATE raft_log SET command = x'00', idx = 77, term = -1 WHERE idx = 3");
  meddle(path, 'DELETE FROM raft_log WHERE idx = 4');
  opened(path, (log) => {
    expect(log.load().damaged).toEqual([3, 4]);
    expect(log.inspect(3)).toMatchObject({ claims: { term: -1 }, after: { index: 5, term: 2 } });
    expect(log.inspect(4)).toMatchObject({ claims: null, before: { index: 2, term: 2 } });
    expect(log.inspect(5)).toBeNull();
    expect(() => log.repair([commandEntry(5, 2)])).toThrow('not damaged');
    expect(() => log.repair([commandEntry(6, 2)])).toThrow('not one of this log');
    expect(() => log.repair([commandEntry(4, 3)])).toThrow('not yet durable');
    log.repair(commandEntries(3, 4, 2));
    expect(log.load()).toMatchObject({ damaged: [], last_index: 5 });
  });
  expect(rows()).toEqual(before);
});

test('committed entries that are missing at the end are damaged ones', () => {
  const path = logOfFive();
  opened(path, (log) => log.write([enterTerm(3, { commit_index: 5 })]));
  meddle(path, 'DELETE FROM raft_log WHERE idx >= 4');
  opened(path, (log) => {
    expect(log.load()).toMatchObject({ damaged: [4, 5], last_index: 5 });
    log.repair(commandEntries(4, 5, 2));
    expect(log.load()).toMatchObject({ damaged: [], last_index: 5 });
  });
});

test('more damaged entries than are ever fetched are a reason to give the log up', () => {
  const path = logOfFive();
  const missing = (count: number): void =>
    meddle(path, `UPDATE raft_meta SET commit_index = ${5 + count}`);
  missing(limits.damaged_entries_max);
  opened(path, (log) => expect(log.load().damaged).toHaveLength(limits.damaged_entries_max));
  missing(limits.damaged_entries_max + 1);
  opened(path, (log) => expect(() => log.load()).toThrow('more than can be fetched'));
});

test('groups share a file and nothing else', () => {
  const path = logOfFive();
  opened(path, (log) => log.write([enterTerm(7, { entries: commandEntries(1, 2, 7) })]), 'users');
  opened(path, (log) => log.write([enterTerm(3, { truncate_from: 4 })]));
  opened(path, (log) =>
    expect(log.load()).toMatchObject({ last_index: 3, hard_state: { term: 3 } }),
  );
  opened(path, (log) => expect(log.load().last_index).toBe(2), 'users');
});

test('a log has an identity from its first transaction on, and keeps it', () => {
  const path = newPath();
  const { storage_id, ...rest } = opened(path, (log) => log.readIdentity());
  expect(storage_id).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(rest).toEqual({ cluster_id: null, promise: null });
  opened(path, (log) => {
    log.setPromise('{"a":1}');
    log.setClusterId('cluster');
    log.setClusterId('cluster');
    expect(() => log.setClusterId('another')).toThrow('belongs to another cluster');
  });
  opened(path, (log) => {
    expect(log.readIdentity()).toEqual({ storage_id, cluster_id: 'cluster', promise: '{"a":1}' });
    log.setPromise(null);
  });
  expect(opened(path, (log) => log.readIdentity().promise)).toBeNull();
  expect(opened(newPath(), (log) => log.readIdentity().storage_id)).not.toBe(storage_id);
});

test('the tables hold what operators look for', () => {
  const path = newPath();
  opened(path, (log) =>
    log.write([
      persist({
        hard_state: { term: 2, voted_for: { node_id: 'agenda-1', storage_id: 's1' } },
        entries: [commandEntry(1, 2)],
        commit_index: 1,
      }),
    ]),
  );
  const database = new Database(path, { readonly: true });
  expect(database.prepare('SELECT * FROM raft_meta').all()).toMatchObject([
    {
      group_id,
      current_term: 2,
      voted_for: 'agenda-1',
      voted_for_storage_id: 's1',
      commit_index: 1,
    },
  ]);
  expect(database.prepare('SELECT * FROM raft_log').all()).toMatchObject([
    { group_id, idx: 1, term: 2, request_id: 'request-1' },
  ]);
  database.close();
});

describe('a WAL that ends anywhere, as a power cut may leave it', () => {
  const path = newPath();
  /** Where the WAL ended when this many writes were on the disk. */
  const ends = new Map<number, number>();
  let wal = Buffer.alloc(0);

  beforeAll(() => {
    const log = new LogDatabase({ path, group_id });
    // Larger than what the making of the database left in the file, so that it grows from here on.
    log.write([enterTerm(1, { entries: [commandEntry(1, 1, 300_000)] })]);
    for (let index = 2; index <= 40; index += 1) {
      log.write([persist({ entries: [commandEntry(index, 1, 100 + index * 150)] })]);
      ends.set(index, statSync(`${path}-wal`).size);
    }
    wal = readFileSync(`${path}-wal`);
    copyFileSync(path, `${path}.base`);
    log.close();
  });

  /** The last entry after a start with this in the place of the WAL. */
  function lastIndexWith(tail: Buffer): number {
    const torn = newPath();
    copyFileSync(`${path}.base`, torn);
    writeFileSync(`${torn}-wal`, tail);
    return opened(torn, (log) => {
      const { damaged, last_index } = log.load();
      expect(damaged).toEqual([]);
      const entries = last_index === 0 ? [] : log.read(1, last_index, Infinity);
      expect(entries).toHaveLength(last_index);
      // It goes on from there.
      log.write([enterTerm(2, { entries: [commandEntry(last_index + 1, 2)] })]);
      expect(log.load().last_index).toBe(last_index + 1);
      return last_index;
    });
  }

  test('opens with all that was synced before, and with no half of a write', () => {
    expect(ends.get(40)).toBe(wal.length);
    for (const [index, end] of ends) {
      expect(lastIndexWith(wal.subarray(0, end))).toBe(index);
      expect(lastIndexWith(wal.subarray(0, end - 1))).toBe(index - 1);
      expect(lastIndexWith(wal.subarray(0, Math.min(end + 2_000, wal.length)))).toBe(index);
    }
  });

  test('also when what follows is there and is garbage', () => {
    for (const [index, end] of ends) {
      const torn = Buffer.from(wal);
      torn.fill(0x5a, Math.min(end + 24, wal.length));
      expect(lastIndexWith(torn)).toBe(index);
    }
  });
});

const describeWithShim = compileDiskShim() === null ? describe.skip : describe;

describeWithShim('fsyncs, counted below SQLite', () => {
  test('exactly one for each batch, whatever is in it; none for a commit index alone', () => {
    const root = join(directory.path, 'counted');
    mkdirSync(root);
    const paths = {
      root,
      shadow: join(directory.path, 'shadow'),
      log: join(directory.path, 'log'),
    };
    const ended = runScript(
      `import { readFileSync } from 'node:fs';
       import { LogDatabase } from ${compiledModule('storage/log-database.js')};
       import { sealEntry } from ${compiledModule('consensus/raft/seal-entry.js')};
       const log = new LogDatabase({ path: ${JSON.stringify(join(root, 'raft.db'))}, group_id: 'main' });
       const syncs = () => readFileSync(${JSON.stringify(paths.log)}, 'utf8').split('\\n').length - 1;
       const entry = (index, term) => sealEntry({ index, term, kind: 'command', request_id: 'r', payload: Buffer.alloc(300) });
       const persist = (changes) => ({ kind: 'persist', write_id: 1, hard_state: null, truncate_from: null, base: null, entries: [], commit_index: 0, ...changes });
       const counted = {};
       const count = (name, use) => { const before = syncs(); use(); counted[name] = syncs() - before; };
       const self = { node_id: 'agenda-1', storage_id: 's1' };
       log.write([persist({ hard_state: { term: 1, voted_for: null } })]);
       count('fifty batches of sixteen', () => {
         for (let batch = 0; batch < 50; batch++) {
           const first = batch * 16 + 1;
           log.write([persist({
             entries: Array.from({ length: 16 }, (_, at) => entry(first + at, 1)),
             commit_index: first - 1,
           })]);
         }
       });
       count('a batch with term, vote, truncation and entries in four writes', () => log.write([
         persist({ hard_state: { term: 2, voted_for: self } }),
         persist({ truncate_from: 790 }),
         persist({ entries: [entry(790, 2)] }),
         persist({ entries: [entry(791, 2)], commit_index: 789 }),
       ]));
       count('a vote', () => log.write([persist({ hard_state: { term: 3, voted_for: self } })]));
       count('a commit index', () => log.write([persist({ commit_index: 790 })]));
       count('nothing', () => log.write([]));
       count('a promise', () => log.setPromise('p'));
       count('a cluster id', () => log.setClusterId('c'));
       count('the cluster id again', () => log.setClusterId('c'));
       process.stdout.write(JSON.stringify(counted));
       process.exit(0);`,
      diskShimEnvironment(paths),
    );
    expect(JSON.parse(ended.stdout)).toEqual({
      'fifty batches of sixteen': 50,
      'a batch with term, vote, truncation and entries in four writes': 1,
      'a vote': 1,
      'a commit index': 0,
      nothing: 0,
      'a promise': 1,
      'a cluster id': 1,
      'the cluster id again': 0,
    });
    const synced = new Set(readFileSync(paths.log, 'utf8').trim().split('\n'));
    expect(synced).toContain('raft.db-wal');
  });

  test('what a killed process had written is synced before it is read as durable', () => {
    const root = join(directory.path, 'killed');
    mkdirSync(root);
    const path = JSON.stringify(join(root, 'raft.db'));
    const opened = `import { LogDatabase } from ${compiledModule('storage/log-database.js')};
       const log = new LogDatabase({ path: ${path}, group_id: 'main' });`;
    const killed = runScript(
      `${opened}
       log.write([{ kind: 'persist', write_id: 1, hard_state: { term: 7, voted_for: null }, truncate_from: null, base: null, entries: [], commit_index: 0 }]);
       process.kill(process.pid, 'SIGKILL');`,
    );
    expect(killed.signal).toBe('SIGKILL');
    const paths = {
      root,
      shadow: join(directory.path, 'image'),
      log: join(directory.path, 'syncs'),
    };
    mkdirSync(paths.shadow);
    const ended = runScript(
      `${opened}
       const { readFileSync } = await import('node:fs');
       const synced = readFileSync(${JSON.stringify(paths.log)}, 'utf8');
       process.stdout.write(JSON.stringify({ term: log.load().hard_state.term, synced }));`,
      diskShimEnvironment(paths),
    );
    const { term, synced } = JSON.parse(ended.stdout) as { term: number; synced: string };
    expect(term).toBe(7);
    expect(synced).toContain('raft.db-wal');
  });
});

test('with its log cut again and again, raft.db stays as large as what it holds', () => {
  const path = newPath();
  const voter = { node_id: 'agenda-1', storage_id: 's1' };
  opened(path, (log) => {
    log.write([enterTerm(1)]);
    const sizes: number[] = [];
    for (let round = 0; round < 24; round += 1) {
      const first = round * 1_000 + 1;
      const last = first + 999;
      log.write([persist({ entries: commandEntries(first, last, 1, 300), commit_index: last })]);
      if (round > 0) log.write([persist({ base: logBase(first - 1, 1, [voter]) })]);
      sizes.push(statSync(path).size);
    }
    // Nine megabytes went in, two thousand entries of some 400 bytes at most are there.
    expect(Math.max(...sizes)).toBeLessThan(1_500_000);
    const stored = log.load();
    expect(stored.before_first.index).toBe(23_000);
    expect(stored.last_index).toBe(24_000);
  });
});

test('a raft.db of the first schema is brought to the present one, uncut', () => {
  const path = logOfFive();
  meddle(path, 'DROP TABLE raft_base; PRAGMA user_version = 1');
  opened(path, (log) => {
    const stored = log.load();
    expect(stored.before_first).toEqual({ index: 0, term: 0 });
    expect(stored.base_configuration).toBeNull();
    expect(stored.last_index).toBe(5);
  });
});
