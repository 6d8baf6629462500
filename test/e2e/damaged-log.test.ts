import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

describe('entries that a disk has damaged', () => {
  let cluster: ProcessCluster;
  afterEach(() => cluster.dispose(), 60_000);

  function database<T>(position: number, use: (database: Database.Database) => T): T {
    const opened = new Database(join(cluster.dataDirectory(position), 'raft.db'));
    try {
      return use(opened);
    } finally {
      opened.close();
    }
  }

  function rows(position: number): unknown[] {
    return database(position, (opened) =>
      opened.prepare('SELECT * FROM raft_log ORDER BY position').all(),
    );
  }

  function damage(position: number, sql: string): void {
    const { changes } = database(position, (opened) => opened.prepare(sql).run());
    expect(changes).toBeGreaterThan(0);
  }

  async function stopAll(): Promise<void> {
    await Promise.all(cluster.positions.map((position) => cluster.kill(position, 'SIGTERM')));
  }

  async function write(count: number): Promise<void> {
    await cluster.awaitLeader();
    const token = await register(cluster.origin(0), `writer${count}`);
    for (let number = 0; number < count; number += 1) {
      const body = { title: `number ${number}`, ...hourOf2027(count * 100 + number) };
      const answer = await call(cluster.origin(0), 'POST', '/api/appointments', { token, body });
      expect(answer.status).toBe(201);
    }
  }

  test('are fetched from the others, and the log is what it was', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await write(12);
    await cluster.awaitEqualIndex();

    // One replica, while the others go on.
    const [first] = cluster.positions.filter((position) => position !== 0);
    if (first === undefined) throw new Error('no other replica');
    await cluster.kill(first);
    const before = rows(first);
    damage(first, "UPDATE raft_log SET command = x'00' WHERE idx = 5");
    damage(first, 'DELETE FROM raft_log WHERE idx IN (7, 8)');
    damage(first, 'UPDATE raft_log SET term = term + 1000, idx = 3000 WHERE idx = 10');
    cluster.start(first);
    await eventually('it serves', async () =>
      (await cluster.get(first, '/readyz')).ok ? true : null,
    );
    expect(await (await cluster.get(first, '/metrics')).text()).toContain(
      'agenda_raft_log_entries_repaired_total{group="main"} 4',
    );
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);

    // Two of three at different entries, after all have stopped; the state is to be built again from them.
    await stopAll();
    expect(rows(first).slice(0, before.length)).toEqual(before);
    const whole = rows(2);
    damage(1, "UPDATE raft_log SET command = x'01' WHERE idx IN (4, 6)");
    damage(2, "UPDATE raft_log SET request_id = 'other' WHERE idx = 9");
    damage(2, 'DELETE FROM raft_log WHERE idx = 3');
    // And a state that is none any more.
    writeFileSync(join(cluster.dataDirectory(0), 'agenda.db'), 'x'.repeat(8_192));
    cluster.start(1);
    await eventually('it says what it waits for', async () => {
      const answer = await cluster.get(1, '/readyz');
      if (answer.status !== 503) return null;
      const { detail } = (await answer.json()) as { detail: string };
      return detail.includes('entry 4 is damaged') ? true : null;
    });
    expect((await cluster.get(1, '/livez')).status).toBe(200);
    expect((await cluster.get(1, '/api/me')).status).toBe(503);
    cluster.start(2);
    await cluster.awaitLeader();
    cluster.start(0);
    await write(3);
    const after = await cluster.awaitEqualIndex();
    expect(cluster.log(0)).toContain('agenda.db.aside-1');
    expect(new Set(after.map((state) => state.digest)).size).toBe(1);
    await stopAll();
    for (const position of cluster.positions) {
      expect(rows(position).slice(0, whole.length)).toEqual(whole);
    }
  }, 240_000);

  test('a log that is no database stops the replica, in one line', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    mkdirSync(cluster.dataDirectory(0));
    writeFileSync(join(cluster.dataDirectory(0), 'raft.db'), 'x'.repeat(8_192));
    cluster.start(0);
    await eventually('it has ended', () => (cluster.isRunning(0) ? null : true));
    expect(cluster.log(0)).toMatch(/^.*raft\.db cannot be used: .*not a database.*\n$/);
    expect(cluster.log(0)).toContain('empty DATA_DIR');
  }, 60_000);

  test('of a replica alone are let go of where its state stands for them, and stop it otherwise', async () => {
    cluster = await ProcessCluster.create({
      size: 1,
      environment: () => ({ DISCOVERY_SEEDS: '' }),
    });
    cluster.startAll();
    await write(3);
    await stopAll();
    damage(0, "UPDATE raft_log SET command = x'00' WHERE idx = 2");
    cluster.start(0);
    await cluster.awaitLeader();
    await write(1);
    expect(cluster.log(0)).toContain('the state stands for them');
    await stopAll();
    damage(0, "UPDATE raft_log SET command = x'00' WHERE idx = (SELECT max(idx) FROM raft_log)");
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(join(cluster.dataDirectory(0), `agenda.db${suffix}`), { force: true });
    }
    cluster.start(0);
    await eventually('it has ended', () => (cluster.isRunning(0) ? null : true));
    expect(cluster.log(0)).toMatch(
      /raft\.db cannot be used: raft log, entry \d+: damaged.*DATA_DIR/,
    );
  }, 120_000);
});
