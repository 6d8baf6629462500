import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileDiskShim, diskShimEnvironment } from '../support/disk-shim.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

(compileDiskShim() === null ? describe.skip : describe)('the disk under the leader', () => {
  const controls = temporaryDirectory('disk-control');
  let cluster: ProcessCluster;
  let token: string;
  let written = 0;

  afterEach(async () => {
    for (const position of cluster.positions) control(position, 'works');
    await cluster.dispose();
  }, 60_000);
  afterAll(controls.remove);

  function control(position: number, behaviour: 'works' | 'stalls' | 'fails'): void {
    writeFileSync(join(controls.path, String(position)), behaviour);
  }

  async function start(): Promise<number> {
    cluster = await ProcessCluster.create({
      size: 3,
      environment: (position) => ({
        ...diskShimEnvironment({
          root: cluster.dataDirectory(position),
          shadow: '',
          log: '',
          control: join(controls.path, String(position)),
        }),
      }),
    });
    for (const position of cluster.positions) mkdirSync(cluster.dataDirectory(position));
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    token = await register(cluster.origin(leader), 'writer');
    return leader;
  }

  function attempt(position: number, title: string, timeout_ms = 10_000) {
    return call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      body: { title, ...hourOf2027(written) },
      headers: { 'idempotency-key': title },
      timeout_ms,
    });
  }

  async function write(positions: readonly number[], count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      written += 1;
      const title = `number ${written}`;
      await eventually(title, async () => {
        const answer = await attempt(positions[written % positions.length] ?? 0, title);
        return answer.status === 201 ? true : null;
      });
    }
  }

  async function anotherThan(leader: number): Promise<number> {
    return eventually('another leader', async () => {
      const now = await cluster.awaitLeader();
      return now === leader ? null : now;
    });
  }

  test('scenario 21: stalls: another leads, writes go on, it follows when the disk does', async () => {
    const leader = await start();
    await write(cluster.positions, 3);
    control(leader, 'stalls');
    const others = cluster.positions.filter((position) => position !== leader);
    // Something to write, that it cannot.
    const stalled = attempt(leader, 'stalled').catch(() => null);
    await anotherThan(leader);
    await write(others, 5);
    expect((await cluster.get(leader, '/livez')).status).toBe(200);
    expect((await stalled)?.status).not.toBe(500);
    control(leader, 'works');
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    expect(cluster.log(leader).match(/"listening"/g)).toHaveLength(1);
  }, 180_000);

  test('scenario 21: fails: the process stops with a line that says so, acknowledges nothing, the others go on', async () => {
    const leader = await start();
    await write(cluster.positions, 3);
    control(leader, 'fails');
    const others = cluster.positions.filter((position) => position !== leader);
    const lost = await attempt(leader, 'on a failing disk').catch(() => null);
    await eventually('it has stopped', () => (cluster.isRunning(leader) ? null : true));
    expect(cluster.log(leader)).toMatch(/this replica cannot go on/);
    expect(cluster.log(leader)).toMatch(/disk I\/O error/);
    // With the two others it may have been committed, but not by this one's word.
    expect(lost?.status).not.toBe(201);
    await anotherThan(leader);
    await write(others, 5);
    control(leader, 'works');
    cluster.start(leader);
    const states = await eventually('all agree', () => cluster.awaitEqualIndex());
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }, 180_000);
});
