import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import type { AuditOut } from '../../src/http/present/audit-schema.ts';
import { changing } from '../support/audit-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import { call, good_password, hourOf2027, register } from './api-client.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

describe('the audit of three replicas', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'auditor');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function logsAt(position: number, query: string): Promise<readonly AuditOut[]> {
    const answer = await call(cluster.origin(position), 'GET', `/api/admin/audit/logs?${query}`, {
      token,
      headers: { 'x-audit-token': audit_token },
    });
    if (answer.status !== 200) throw new Error(`the audit answers ${answer.status}`);
    return answer.body['logs'] as AuditOut[];
  }

  /** Waits until every replica that runs has exactly so many rows of a kind, and returns them. */
  async function everywhere(query: string, count: number): Promise<readonly AuditOut[]> {
    const positions = cluster.positions.filter((position) => cluster.isRunning(position));
    return eventually(
      `${count} rows of ${query} on every replica`,
      async () => {
        const logs = await Promise.all(positions.map((position) => logsAt(position, query)));
        const texts = new Set(logs.map((rows) => JSON.stringify(rows)));
        return texts.size === 1 && logs[0]?.length === count ? logs[0] : null;
      },
      60_000,
    );
  }

  function logIn(position: number, password: string, request_id: string): Promise<number> {
    return call(cluster.origin(position), 'POST', '/login', {
      body: { username: 'auditor', password },
      headers: { 'x-request-id': request_id },
    }).then(({ status }) => status);
  }

  function verify(position: number): ReturnType<typeof agenda> {
    return agenda(['audit', 'verify', '--at', `127.0.0.1:${cluster.ports[position]}`]);
  }

  test('has the change itself, with who, when, where and by which request', async () => {
    const made = await call(cluster.origin(1), 'POST', '/api/appointments', {
      token,
      body: { title: 'A title that nobody reads here', ...hourOf2027(1) },
      headers: { 'x-request-id': 'the-booking' },
    });
    expect(made.status).toBe(201);
    const [row] = await everywhere('request_id=the-booking', 1);
    expect(row).toEqual({
      id: expect.stringMatching(/^aud_/),
      component: 'appointments',
      action: 'appointment.create',
      level: 'info',
      message: 'An appointment was made.',
      actor_id: expect.stringMatching(/^usr_/),
      request_id: 'the-booking',
      node_id: expect.stringMatching(/^agenda-[123]$/),
      payload: expect.objectContaining({ appointment_id: made.body['id'] }),
      occurred_at: expect.any(String),
    });
    expect(JSON.stringify(row)).not.toContain('title');
  }, 60_000);

  test('has log-ins, good and bad, and refusals, of the replica that was asked', async () => {
    const me = await call(cluster.origin(0), 'GET', '/api/me', { token });
    expect(await logIn(2, good_password, 'a-good-log-in')).toBe(200);
    expect(await logIn(1, 'not the password', 'a-bad-log-in')).toBe(401);
    const refused = await call(cluster.origin(2), 'GET', '/api/me', {
      headers: { 'x-request-id': 'a-refusal' },
    });
    expect(refused.status).toBe(401);

    const [good] = await everywhere('request_id=a-good-log-in', 1);
    expect(good).toMatchObject({
      action: 'user.log_in',
      node_id: 'agenda-3',
      actor_id: me.body['id'],
    });
    const [bad] = await everywhere('request_id=a-bad-log-in', 1);
    expect(bad).toMatchObject({
      action: 'user.log_in_failed',
      level: 'warn',
      node_id: 'agenda-2',
      payload: { user_id: me.body['id'] },
    });
    expect(bad).not.toHaveProperty('actor_id');
    const [refusal] = await everywhere('request_id=a-refusal', 1);
    expect(refusal).toMatchObject({
      action: 'request.refused',
      node_id: 'agenda-3',
      payload: { code: 'unauthenticated', method: 'GET', route: '/api/me' },
    });
  }, 90_000);

  test('has the election that follows a killed leader, and its return', async () => {
    const leader = await cluster.awaitLeader();
    const leader_id = cluster.nodeId(leader);
    await cluster.kill(leader);
    const next = await cluster.awaitLeader();
    const { term } = await cluster.raftState(next);
    const won = await eventually('the election that was won', async () => {
      const rows = await logsAt(next, `action=raft.election_won&node_id=${cluster.nodeId(next)}`);
      return rows.find(({ payload }) => payload?.['term'] === term) ?? null;
    });
    expect(won.request_id).not.toBe('');
    cluster.start(leader);
    await everywhere(`action=replica.started&node_id=${leader_id}`, 2);
    const [back] = await everywhere(`action=replica.rejoined&node_id=${leader_id}`, 1);
    expect(back?.payload).toMatchObject({ leader_id: cluster.nodeId(next) });
    const seen = await everywhere(`action=raft.leader_changed&node_id=${leader_id}`, 2);
    expect(seen[0]?.payload).toMatchObject({ term, leader_id: cluster.nodeId(next) });
  }, 120_000);

  test('an idle cluster appends nothing', async () => {
    await eventually('nothing to append', async () => {
      const before = await cluster.awaitEqualIndex();
      await new Promise((done) => setTimeout(done, 3_000));
      const after = await cluster.awaitEqualIndex();
      return before[0]?.last_index === after[0]?.last_index ? true : null;
    });
  }, 90_000);

  test('without a majority it is read locally, and what waited there comes later, once each', async () => {
    const leader = await cluster.awaitLeader();
    const alone = (leader + 1) % 3;
    const others = cluster.positions.filter((position) => position !== alone);
    for (const position of others) await cluster.kill(position);
    for (const request_id of ['alone-1', 'alone-2', 'alone-3']) {
      expect(await logIn(alone, good_password, request_id)).toBe(200);
      await new Promise((done) => setTimeout(done, 2_200));
    }
    const waiting = await logsAt(alone, 'scope=local&action=user.log_in');
    expect(waiting.map(({ request_id }) => request_id).slice(0, 3)).toEqual([
      'alone-3',
      'alone-2',
      'alone-1',
    ]);
    expect(waiting[0]).toMatchObject({ node_id: cluster.nodeId(alone) });
    const elsewhere = await call(
      cluster.origin(alone),
      'GET',
      '/api/admin/audit/logs?action=user.log_in',
      { token, headers: { 'x-audit-token': audit_token } },
    );
    expect(elsewhere.status).toBe(503);

    for (const position of others) cluster.start(position);
    await cluster.awaitLeader();
    for (const request_id of ['alone-1', 'alone-2', 'alone-3']) {
      const [row] = await everywhere(`request_id=${request_id}`, 1);
      expect(row?.id).toMatch(/^aud_/);
      expect(row?.node_id).toBe(cluster.nodeId(alone));
    }
    const local = await logsAt(alone, 'scope=local&action=user.log_in');
    const ids = local.map(({ request_id }) => request_id);
    expect(new Set(ids).size).toBe(ids.length);
  }, 120_000);

  test('agenda audit verify: all are sound, and their heads are equal', async () => {
    const { code, stdout, stderr } = await verify(0);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('The audit of all 3 replicas is as it was written, and the same.');
    const heads = stdout
      .split('\n')
      .flatMap((line) => /^ {2}agenda-\d.* (\S{16})  sound$/.exec(line)?.[1] ?? []);
    expect(heads).toHaveLength(3);
    expect(new Set(heads).size).toBe(1);
  }, 60_000);

  const booking = `action = 'appointment.create'`;
  test.each<readonly [what: string, tamper: (database: Database.Database) => void]>([
    [
      'a changed row',
      (database) => database.exec(`UPDATE audit_logs SET actor_key = 1 WHERE ${booking}`),
    ],
    ['a missing row', (database) => database.exec(`DELETE FROM audit_logs WHERE ${booking}`)],
    [
      'a missing end',
      (database) =>
        database.exec(
          `DELETE FROM audit_logs WHERE "key" / 4096 = (SELECT max("key") / 4096 FROM audit_logs)`,
        ),
    ],
    [
      'two exchanged rows',
      (database) => {
        const keys = database
          .prepare<[], number>('SELECT "key" FROM audit_logs ORDER BY "key" LIMIT 3')
          .pluck()
          .all();
        const move = database.prepare('UPDATE audit_logs SET "key" = ? WHERE "key" = ?');
        move.run(1, keys[0]);
        move.run(keys[0], keys[2]);
        move.run(keys[2], 1);
      },
    ],
  ])(
    'agenda audit verify finds %s',
    async (_what, tamper) => {
      const leader = await cluster.awaitLeader();
      const odd = (leader + 2) % 3;
      const path = join(cluster.dataDirectory(odd), 'agenda.db');
      await cluster.kill(odd, 'SIGTERM');
      changing(path, tamper);
      cluster.start(odd);
      await cluster.awaitEqualIndex();
      const { code, stdout } = await verify(leader);
      expect(stdout.split('\n').filter((line) => line.endsWith('  WRONG'))).toEqual([
        expect.stringContaining(cluster.nodeId(odd)),
      ]);
      expect(stdout).toContain('The audit was changed behind the back of the program.');
      expect(code).toBe(1);
      // It is built again from the log, which nobody touched.
      await cluster.kill(odd, 'SIGTERM');
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      cluster.start(odd);
      await cluster.awaitEqualIndex();
      expect((await verify(leader)).code).toBe(0);
    },
    120_000,
  );
});
