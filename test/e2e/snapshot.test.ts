import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import { call, hourOf2027, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const SNAPSHOT_ENTRIES = 100;
const CLIENTS = 16;
const KILLS = 8;

interface LogSummary {
  readonly first_index: number;
  readonly last_index: number;
  readonly snapshot_index: number;
}

describe('scenario 17: three replicas that cut their logs soon', () => {
  let cluster: ProcessCluster;
  let tokens: readonly string[];
  let hours = 0;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({
      size: 3,
      environment: () => ({ SNAPSHOT_ENTRIES: String(SNAPSHOT_ENTRIES) }),
    });
    cluster.startAll();
    await cluster.awaitLeader();
    tokens = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        register(cluster.origin(0), `writer${client}`),
      ),
    );
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function write(position: number, count: number): Promise<void> {
    for (let written = 0; written < count; written += CLIENTS) {
      hours += 1;
      const answers = await Promise.all(
        tokens.map((token) =>
          call(cluster.origin(position), 'POST', '/api/appointments', {
            token,
            body: { title: `hour ${hours}`, ...hourOf2027(hours) },
          }),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 201));
    }
  }

  async function logSummary(position: number): Promise<LogSummary> {
    const headers = { 'x-audit-token': 'an audit token of this test' };
    const response = await cluster.get(position, '/raft/log/summary', headers);
    return (await response.json()) as LogSummary;
  }

  /**
   * A follower was down until the leader's log begins after what it has. `meanwhile`: what is written
   * first of all that it misses.
   */
  async function leaveBehind(
    meanwhile: (leader: number) => Promise<void> = async () => {},
  ): Promise<{ leader: number; behind: number }> {
    const leader = await cluster.awaitLeader();
    const behind = (leader + 1) % cluster.size;
    const { last_index } = await cluster.raftState(behind);
    await cluster.kill(behind);
    await meanwhile(leader);
    await write(leader, 4 * SNAPSHOT_ENTRIES);
    await eventually('the log is cut beyond it', async () => {
      const { first_index } = await logSummary(leader);
      if (first_index > last_index + 1) return true;
      await write(leader, CLIENTS);
      return null;
    });
    return { leader, behind };
  }

  function loseState(position: number): void {
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(join(cluster.dataDirectory(position), `agenda.db${suffix}`), { force: true });
    }
  }

  async function awaitReady(position: number): Promise<void> {
    await eventually('it is ready', async () => {
      const response = await cluster.get(position, '/readyz').catch(() => null);
      return response?.status === 200 ? true : null;
    });
  }

  async function expectEqual(): Promise<void> {
    const leader = await cluster.awaitLeader();
    await write(leader, CLIENTS);
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }

  test('scenario 17: a replica far behind gets a snapshot while clients write', async () => {
    const { leader, behind } = await leaveBehind();
    cluster.start(behind);
    await eventually('it is served', async () => {
      await write(leader, CLIENTS);
      return cluster.log(behind).includes('a snapshot was installed') ? true : null;
    });
    await expectEqual();
    expect(cluster.log(leader)).toContain('a replica was brought up by a snapshot');
    const { snapshot_index, first_index } = await logSummary(behind);
    expect(snapshot_index).toBeGreaterThan(0);
    expect(first_index).toBe(snapshot_index + 1);
  }, 120_000);

  test('scenario 17: kill -9 of the receiver, again and again, at whatever step', async () => {
    const { behind } = await leaveBehind();
    for (let kill = 0; kill < KILLS; kill += 1) {
      cluster.start(behind);
      await sleep(250 + 90 * kill);
      await cluster.kill(behind);
    }
    cluster.start(behind);
    await expectEqual();
  }, 120_000);

  test('a key that a replica knows from a snapshot alone: it answers the same again when it leads', async () => {
    const times = hourOf2027(8_000);
    const known: { method: string; path: string; change: object; answer: Answer }[] = [];

    async function writeKeyed(position: number, method: string, path: string, change: object) {
      const if_match: Record<string, string> = method === 'POST' ? {} : { 'if-match': '"1"' };
      const headers = { 'idempotency-key': 'before the snapshot', ...if_match };
      const token = tokens[0] ?? '';
      return call(cluster.origin(position), method, path, { token, body: change, headers });
    }
    async function remember(leader: number, method: string, path: string, change: object) {
      const answer = await writeKeyed(leader, method, path, change);
      known.push({ method, path, change, answer });
      return answer;
    }
    const { behind } = await leaveBehind(async (leader) => {
      const body = { title: 'once', ...times };
      const created = await remember(leader, 'POST', '/api/appointments', body);
      const path = String(created.headers.get('location'));
      await remember(leader, 'PUT', path, { ...body, title: 'once, changed' });
    });
    expect(known.map(({ answer }) => answer.status)).toEqual([201, 200]);
    const installed = () => cluster.log(behind).split('a snapshot was installed').length;
    const before = installed();
    cluster.start(behind);
    await awaitReady(behind);
    await expectEqual();
    expect(installed()).toBeGreaterThan(before);

    const at = ['--at', `127.0.0.1:${cluster.ports[behind]}`];
    const moved = await agenda(['transfer', cluster.nodeId(behind), ...at]);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(await cluster.awaitLeader()).toBe(behind);
    for (const { method, path, change, answer } of known) {
      const again = await writeKeyed(behind, method, path, change);
      expect([again.status, again.body]).toEqual([answer.status, answer.body]);
      for (const name of ['etag', 'location']) {
        expect(again.headers.get(name)).toBe(answer.headers.get(name));
      }
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(answer.headers.get('idempotency-replayed')).toBeNull();
    }
  }, 120_000);

  test('scenario 18: a lost agenda.db beside a log that is cut: not ready, then served', async () => {
    const leader = await cluster.awaitLeader();
    const wiped = (leader + 2) % cluster.size;
    await cluster.kill(wiped);
    loseState(wiped);
    cluster.start(wiped);
    await awaitReady(wiped);
    await expectEqual();
  }, 120_000);

  test('an entry that is damaged, not in the state, and cut away by all others: a snapshot, and served', async () => {
    const { behind } = await leaveBehind();
    loseState(behind);
    const database = new Database(join(cluster.dataDirectory(behind), 'raft.db'));
    const last = '(SELECT max(idx) FROM raft_log)';
    database.prepare(`UPDATE raft_log SET command = x'00' WHERE idx = ${last}`).run();
    database.close();
    cluster.start(behind);
    await awaitReady(behind);
    expect(cluster.log(behind)).toContain('the state comes as a snapshot');
    await expectEqual();
  }, 120_000);
});
