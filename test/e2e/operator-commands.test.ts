import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { cluster_secret, ProcessCluster } from './process-cluster.ts';

describe('what operators type', () => {
  let cluster: ProcessCluster;
  let token: string;
  let at: readonly string[];

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'operated');
    at = ['--at', `127.0.0.1:${cluster.ports[0]}`];
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function book(hour: number): Promise<number> {
    const answer = await call(cluster.origin(hour % 3), 'POST', '/api/appointments', {
      token,
      body: { title: `hour ${hour}`, ...hourOf2027(hour) },
    });
    return answer.status;
  }

  test('agenda status shows all replicas and who leads', async () => {
    const leader = await cluster.awaitLeader();
    await cluster.awaitEqualIndex();
    const { code, stdout, stderr } = await agenda(['status', ...at]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const position of cluster.positions) {
      const line = stdout.split('\n').find((one) => one.includes(` ${cluster.nodeId(position)} `));
      expect(line).toContain(`127.0.0.1:${cluster.ports[position]}`);
      expect(line).toContain(position === leader ? 'leader' : 'follower');
      expect(line).toContain('voter');
    }
    expect(stdout).toContain(`${cluster.nodeId(leader)} leads; 1 more of the voters may be lost`);
  }, 60_000);

  test('agenda check finds equal states equal, with and without reading the tables', async () => {
    expect(await book(1)).toBe(201);
    for (const words of [['check'], ['check', '--deep']]) {
      const { code, stdout, stderr } = await agenda([...words, ...at]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('All 3 replicas have the same state.');
    }
  }, 60_000);

  test('and does so while writes go on', async () => {
    const checking = new AbortController();
    let hour = 100;
    const writers = [0, 1, 2, 3].map(async () => {
      while (!checking.signal.aborted) {
        hour += 1;
        expect(await book(hour)).toBe(201);
      }
    });
    for (const words of [['check'], ['check', '--deep']]) {
      const { code, stdout } = await agenda([...words, ...at]);
      expect(stdout).toContain('All 3 replicas have the same state.');
      expect(code).toBe(0);
    }
    checking.abort();
    await Promise.all(writers);
    expect(hour).toBeGreaterThan(110);
  }, 120_000);

  test('agenda transfer hands leadership to whom it names, and to the best one otherwise', async () => {
    const before = await cluster.awaitLeader();
    const target = (before + 1) % 3;
    const named = await agenda(['transfer', cluster.nodeId(target), ...at]);
    expect([named.code, named.stderr]).toEqual([0, '']);
    expect(named.stdout).toContain(`${cluster.nodeId(target)} leads.`);
    expect(await cluster.awaitLeader()).toBe(target);
    const any = await agenda(['transfer', ...at]);
    expect([any.code, any.stderr]).toEqual([0, '']);
    expect(await cluster.awaitLeader()).not.toBe(target);
    const stranger = await agenda(['transfer', 'agenda-9', ...at]);
    expect(stranger.code).toBe(1);
    expect(stranger.stderr).toContain('could take over');
    expect((await agenda(['transfer', 'one', 'two', ...at])).code).toBe(2);
  }, 60_000);

  test('agenda member shows and changes who votes', async () => {
    const chosen = cluster.nodeId(((await cluster.awaitLeader()) + 1) % 3);
    const lineOf = (stdout: string): string =>
      stdout.split('\n').find((line) => line.includes(` ${chosen} `)) ?? '';
    const listed = await agenda(['member', 'list', ...at]);
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    expect(lineOf(listed.stdout)).toContain('voter');
    expect(listed.stdout).toContain('3 voters, as many as are wanted.');

    const demoted = await agenda(['member', 'demote', chosen, ...at]);
    expect([demoted.code, demoted.stderr]).toEqual([0, '']);
    expect(lineOf(demoted.stdout)).toContain('learner');
    const again = await agenda(['member', 'demote', chosen, ...at]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('does not vote')]);
    // Wanted again, it is promoted by the leader itself.
    const wanted = await agenda(['member', 'target', '3', ...at]);
    expect([wanted.code, wanted.stderr]).toEqual([0, '']);
    await eventually('its vote', async () =>
      lineOf((await agenda(['member', 'list', ...at])).stdout).includes('voter') ? true : null,
    );

    const unknown = await agenda(['member', 'remove', 'agenda-9', ...at]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('not a member')]);
    const odd = await agenda(['member', 'frobnicate', ...at]);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('agenda member list')]);
    const many = await agenda(['member', 'target', 'many', ...at]);
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining('target')]);
  }, 120_000);

  test('a row that was changed on one disk is found by --deep alone, with its table', async () => {
    const odd = ((await cluster.awaitLeader()) + 1) % 3;
    await cluster.kill(odd, 'SIGTERM');
    const database = new Database(join(cluster.dataDirectory(odd), 'agenda.db'));
    const forge = "UPDATE appointments SET title = 'forged' WHERE title = 'hour 1'";
    expect(database.prepare(forge).run().changes).toBe(1);
    database.close();
    cluster.start(odd);
    await cluster.awaitEqualIndex();
    const shallow = await agenda(['check', ...at]);
    expect(shallow.code).toBe(0);
    const deep = await agenda(['check', '--deep', ...at]);
    expect(deep.code).toBe(1);
    expect(deep.stdout).toContain('Table appointments differs');
    expect(deep.stdout).not.toContain('Table users differs');
    expect(deep.stdout).toContain(`${cluster.nodeId(odd)}: the state differs.`);
  }, 120_000);

  test('what cannot be asked is said, and is not equal', async () => {
    const dead = ((await cluster.awaitLeader()) + 1) % 3;
    const asked = ((await cluster.awaitLeader()) + 2) % 3;
    await cluster.kill(dead);
    const there = ['--at', `127.0.0.1:${cluster.ports[asked]}`];
    const check = await agenda(['check', ...there]);
    expect(check.code).toBe(2);
    expect(check.stdout).toContain(`nothing is known of ${cluster.nodeId(dead)}`);
    expect(check.stdout).toContain('cannot reach');
    const status = await agenda(['status', ...there]);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('no answer');

    const unreached = await agenda(['check', '--at', `127.0.0.1:${cluster.ports[dead]}`]);
    expect(unreached.code).toBe(2);
    expect(unreached.stderr).toContain(`cannot reach 127.0.0.1:${cluster.ports[dead]}`);
    cluster.start(dead);
    await cluster.awaitEqualIndex();
  }, 120_000);

  test('a wrong secret, none, or a wrong word is told in one line', async () => {
    const environment = { CLUSTER_HMAC_SECRET: 'another secret, also long enough for it' };
    const wrong = await agenda(['status', ...at], { environment });
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain('CLUSTER_HMAC_SECRET here is not that of the replica');
    const none = await agenda(['status', ...at], { environment: {} });
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('should be set')]);
    const odd = await agenda(['check', '--deeper']);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('--deeper')]);
    const place = await agenda(['check', '--at', 'nowhere']);
    expect([place.code, place.stderr]).toEqual([2, expect.stringContaining('host:port')]);

    const path = join(cluster.directory, 'secret');
    writeFileSync(path, `${cluster_secret}\n`);
    const from_file = await agenda(['status'], {
      environment: {
        CLUSTER_HMAC_SECRET_FILE: path,
        HTTP_ADDR: `0.0.0.0:${cluster.ports[0]}`,
      },
    });
    expect([from_file.code, from_file.stderr]).toEqual([0, '']);
  }, 60_000);
});
