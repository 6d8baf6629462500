import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

const EXIT_STATE_DIVERGED = 3;

describe('a replica whose state differs from that of the others', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'witness');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function book(position: number, hour: number): Promise<number> {
    const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      body: { title: `hour ${hour}`, ...hourOf2027(hour) },
      headers: { 'idempotency-key': `hour-${hour}` },
    });
    return answer.status;
  }

  async function metric(position: number, name: string): Promise<number> {
    const text = await (await cluster.get(position, '/metrics')).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name}{`));
    return Number(line?.split(' ').at(-1));
  }

  function statesSetAside(position: number): readonly string[] {
    return readdirSync(cluster.dataDirectory(position)).filter((name) =>
      /^agenda\.db\.aside-\d+$/u.test(name),
    );
  }

  /** A title that nobody gave, and the digest that such a history would have. */
  function changeBehindItsBack(position: number): void {
    const database = new Database(join(cluster.dataDirectory(position), 'agenda.db'));
    expect(database.prepare("UPDATE appointments SET title = 'forged'").run().changes).toBe(1);
    database.prepare('UPDATE raft_meta SET digest = ?').run('ab'.repeat(32));
    database.close();
  }

  test('stops loudly, the others go on, and its next start builds the state again', async () => {
    expect(await book(0, 1)).toBe(201);
    await cluster.awaitEqualIndex();
    for (const position of cluster.positions) {
      await eventually('a comparison', async () =>
        (await metric(position, 'agenda_state_compared_index')) > 0 ? true : null,
      );
      expect(await metric(position, 'agenda_state_divergence')).toBe(0);
    }

    const leader = await cluster.awaitLeader();
    const odd = (leader + 1) % 3;
    const others = cluster.positions.filter((position) => position !== odd);
    await cluster.kill(odd, 'SIGTERM');
    changeBehindItsBack(odd);
    cluster.start(odd);
    expect(await cluster.awaitExit(odd)).toBe(EXIT_STATE_DIVERGED);
    const fatal = cluster
      .log(odd)
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { level: number; err?: { message: string } })
      .filter(({ level }) => level === 60);
    expect(fatal).toHaveLength(1);
    expect(fatal[0]?.err?.message).toContain('on a majority of the voters');

    // The others saw it, and serve.
    expect(await book(leader, 2)).toBe(201);
    for (const position of others) expect(cluster.isRunning(position)).toBe(true);

    const state_path = join(cluster.dataDirectory(odd), 'agenda.db');
    const wrong_file = statSync(state_path).ino;
    cluster.start(odd);
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map(({ digest }) => digest)).size).toBe(1);
    expect(statesSetAside(odd)).toEqual(['agenda.db.aside-1']);
    expect(statSync(`${state_path}.aside-1`).ino).toBe(wrong_file);
    await eventually('a comparison after it was built again', async () =>
      (await metric(odd, 'agenda_state_compared_index')) > 0 ? true : null,
    );
    expect(await metric(odd, 'agenda_state_divergence')).toBe(0);

    const agenda = await call(
      cluster.origin(odd),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z',
      { token, headers: { 'x-audit-token': audit_token } },
    );
    expect((agenda.body['items'] as { title: string }[]).map(({ title }) => title)).toEqual([
      'hour 1',
      'hour 2',
    ]);

    const told = await eventually('what the audit was told, on another replica', async () => {
      const query = `component=replica&node_id=${cluster.nodeId(odd)}`;
      const audit = await call(cluster.origin(leader), 'GET', `/api/admin/audit/logs?${query}`, {
        token,
        headers: { 'x-audit-token': audit_token },
      });
      const actions = (audit.body['logs'] as { action: string }[]).map(({ action }) => action);
      return actions.includes('replica.state_rebuilt') ? actions.toReversed() : null;
    });
    expect(told.filter((action) => action.startsWith('replica.state'))).toEqual([
      'replica.state_diverged',
      'replica.state_rebuilt',
    ]);
  }, 180_000);

  test('after the third time it waits for somebody to look', async () => {
    const odd = ((await cluster.awaitLeader()) + 1) % 3;
    const directory = cluster.dataDirectory(odd);
    await cluster.kill(odd, 'SIGTERM');
    const before = statesSetAside(odd).length;
    for (let number = before; number < 3; number += 1) {
      new Database(join(directory, `agenda.db.aside-${number + 1}`)).exec('CREATE TABLE t (a)');
    }
    const database = new Database(join(directory, 'node.db'));
    database.prepare('INSERT INTO state_to_rebuild (one, since) VALUES (1, 5)').run();
    database.close();
    cluster.start(odd);
    expect(await cluster.awaitExit(odd)).toBe(2);
    expect(cluster.log(odd)).toContain('were set aside before');
    expect(statesSetAside(odd)).toHaveLength(3);
  }, 60_000);
});
