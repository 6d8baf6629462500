import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { canMountSmallDisks, mountSmallDisk } from '../support/small-disk.ts';
import type { SmallDisk } from '../support/small-disk.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const DISK_MEBIBYTES = 24;

(canMountSmallDisks() ? describe : describe.skip)('a full disk', () => {
  let cluster: ProcessCluster;
  let disks: SmallDisk[] = [];
  afterEach(async () => {
    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    for (const disk of disks) disk.unmount();
    disks = [];
    await cluster.dispose();
  }, 60_000);

  async function storageState(position: number): Promise<string | null> {
    const text = await (await cluster.get(position, '/metrics')).text();
    return /agenda_storage_state\{state="(\w+)"\} 1/.exec(text)?.[1] ?? null;
  }

  test('scenario 21: of the leader: another leads, writes go on, and it recovers without a restart', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    disks = cluster.positions.map((position) =>
      mountSmallDisk(cluster.dataDirectory(position), DISK_MEBIBYTES),
    );
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    const token = await register(cluster.origin(leader), 'writer');
    let written = 0;
    /** Through any of these; each appointment is acknowledged in the end. */
    async function write(positions: readonly number[], count: number): Promise<void> {
      for (let left = count; left > 0; left -= 1) {
        written += 1;
        const title = `number ${written}`;
        await eventually(`the write of ${title}`, async () => {
          const through = positions[written % positions.length] ?? 0;
          const answer = await call(cluster.origin(through), 'POST', '/api/appointments', {
            token,
            body: { title, description: 'd'.repeat(2_000), ...hourOf2027(written) },
            headers: { 'idempotency-key': title },
          });
          return answer.status === 201 ? true : null;
        });
      }
    }
    await write(cluster.positions, 5);
    const pid_line = /listening/g;
    const starts = (): number => cluster.log(leader).match(pid_line)?.length ?? 0;
    expect(starts()).toBe(1);

    disks[leader]?.fill();
    const others = cluster.positions.filter((position) => position !== leader);
    const successor = await eventually('another leader', async () => {
      const now = await cluster.awaitLeader();
      return now === leader ? null : now;
    });
    await write(others, 40);
    expect(await cluster.awaitLeader()).not.toBe(leader);
    // The entries it cannot keep wait; it answers local reads, and says what is wrong.
    await eventually('it says that its disk is full', async () =>
      (await storageState(leader)) === 'full' ? true : null,
    );
    const ready = await cluster.get(leader, '/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('disk is full');
    expect((await cluster.get(leader, '/livez')).status).toBe(200);
    const local = await call(
      cluster.origin(leader),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z&consistency=local',
      { token },
    );
    expect(local.status).toBe(200);

    disks[leader]?.clear();
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    await eventually('it is ready again', async () =>
      (await cluster.get(leader, '/readyz')).ok ? true : null,
    );
    await eventually('and well', async () => ((await storageState(leader)) === 'ok' ? true : null));
    expect(starts()).toBe(1);
    expect(cluster.position((await cluster.raftState(successor)).node_id)).toBe(successor);
    const agenda = await call(
      cluster.origin(leader),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z',
      { token },
    );
    expect((agenda.body['items'] as unknown[]).length).toBe(written);
  }, 240_000);

  test('of every replica: nothing is lost, and all of it goes on when there is space', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    disks = cluster.positions.map((position) =>
      mountSmallDisk(cluster.dataDirectory(position), DISK_MEBIBYTES),
    );
    cluster.startAll();
    await cluster.awaitLeader();
    const token = await register(cluster.origin(0), 'writer');
    const body = { title: 'before', ...hourOf2027(1) };
    const before = await call(cluster.origin(0), 'POST', '/api/appointments', { token, body });
    expect(before.status).toBe(201);
    for (const disk of disks) disk.fill();
    const meanwhile = await eventually('a refusal', async () => {
      const answer = await call(cluster.origin(0), 'POST', '/api/appointments', {
        token,
        body: { title: 'meanwhile', ...hourOf2027(2) },
        headers: { 'idempotency-key': 'meanwhile' },
      });
      return answer.status === 503 ? answer : null;
    });
    expect(['overloaded', 'no_leader', 'no_quorum']).toContain(meanwhile.body['code']);
    for (const disk of disks) disk.clear();
    await eventually('a write', async () => {
      const answer = await call(cluster.origin(0), 'POST', '/api/appointments', {
        token,
        body: { title: 'after', ...hourOf2027(3) },
        headers: { 'idempotency-key': 'after' },
      });
      return answer.status === 201 ? true : null;
    });
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const position of cluster.positions) {
      expect(cluster.log(position).match(/"listening"/g)).toHaveLength(1);
    }
  }, 240_000);
});
