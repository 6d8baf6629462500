import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { saySkipped } from '../../support/say-skipped.ts';
import { call, hourOf2027 } from '../api-client.ts';
import { awaitOneLeader, WritingClients } from '../writing-clients.ts';
import { startNamespaceCluster } from './namespace-cluster.ts';
import type { NamespaceCluster } from './namespace-cluster.ts';
import { whyNoNamespaces } from './namespace-network.ts';

const obstacle = whyNoNamespaces();
if (obstacle !== null) saySkipped(`a partition of real processes: ${obstacle}`);

const AGENDA = '/api/agenda?start=2027-01-01T00:00:00Z&end=2029-01-01T00:00:00Z';
/** Processes on one machine read the same clock; what they print is rounded. */
const AGE_ROUNDING_MS = 5;

(obstacle === null ? describe : describe.skip)('network: seven replicas', () => {
  let running: NamespaceCluster;
  let writers: WritingClients;

  beforeAll(async () => {
    running = await startNamespaceCluster(7);
    writers = await WritingClients.create(running.cluster);
  }, 120_000);

  afterAll(async () => {
    running.network.mend();
    await writers.stop();
    await running.dispose();
  }, 120_000);

  test('network: partition 4-3, leader in the minority', async () => {
    const { cluster, network } = running;
    await writers.start();
    const leader = cluster.position((await awaitOneLeader(cluster)).node_id);
    const followers = cluster.positions.filter((position) => position !== leader);
    const minority = [leader, ...followers.slice(4)];
    const majority = followers.slice(0, 4);
    await Promise.all(minority.map((position) => eventually('an age', () => ageOf(position))));
    network.partition([minority, majority]);
    const cut_at = performance.now();

    await eventually('the majority is led', () => leaderOfMajority());
    await eventually('the minority is not', async () => {
      const states = await Promise.all(minority.map((one) => cluster.raftState(one)));
      return states.every((state) => state.role !== 'leader') ? true : null;
    });
    await writers.awaitProgress();
    for (const position of minority) {
      await expectRefusal(position);
      await expectStaleReads(position);
    }

    network.mend();
    // Young again, and with everything: they have caught up.
    await writers.stopAndCheck();
    for (const position of cluster.positions) expect(await refusedOn(position)).toEqual([]);
    const mended_at = performance.now();
    for (const position of minority) {
      await eventually('a younger state', async () => {
        const asked_at = performance.now();
        const age = await ageOf(position);
        return age !== null && age <= asked_at - mended_at ? true : null;
      });
    }

    async function leaderOfMajority(): Promise<true | null> {
      const states = await Promise.all(majority.map((one) => cluster.raftState(one)));
      const led_by = new Set(states.map((state) => state.leader_id));
      const within = majority.some((one) => led_by.has(cluster.nodeId(one)));
      return led_by.size === 1 && within ? true : null;
    }

    /** A write is refused in time and with a reason, and as nothing was proposed it never appears. */
    async function expectRefusal(position: number): Promise<void> {
      const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
        token: writers.token,
        body: { title: `refused ${position}`, ...hourOf2027(10_000 + position) },
      });
      expect(answer.status).toBe(503);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(['no_leader', 'no_quorum']).toContain(answer.body['code']);
      expect(answer.body['detail']).toMatch(/leader|majority/u);
    }

    async function refusedOn(position: number): Promise<string[]> {
      const read = await call(cluster.origin(position), 'GET', AGENDA, { token: writers.token });
      const titles = (read.body['items'] as { title: string }[]).map((item) => item.title);
      return titles.filter((title) => title.startsWith('refused'));
    }

    async function expectStaleReads(position: number): Promise<void> {
      const read = await call(cluster.origin(position), 'GET', AGENDA, { token: writers.token });
      expect([read.status, read.body['code']]).toEqual([503, 'no_quorum']);
      const ages: (number | null)[] = [];
      for (let count = 0; count < 2; count += 1) {
        const asked_at = performance.now();
        const age = await ageOf(position);
        expect(age).toBeGreaterThanOrEqual(asked_at - cut_at - AGE_ROUNDING_MS);
        ages.push(age);
        await sleep(100);
      }
      expect(ages[1]).toBeGreaterThan(ages[0] ?? Infinity);
    }

    /** Milliseconds; null: unknown. */
    async function ageOf(position: number): Promise<number | null> {
      const path = `${AGENDA}&consistency=local`;
      const read = await call(cluster.origin(position), 'GET', path, { token: writers.token });
      expect(read.status).toBe(200);
      const text = read.headers.get('agenda-stale-ms') ?? '';
      expect(text).toMatch(/^(\d+|unknown)$/u);
      return text === 'unknown' ? null : Number(text);
    }
  }, 180_000);
});
