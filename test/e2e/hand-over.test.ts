import { afterEach, describe, expect, test } from '@jest/globals';
import { register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

describe('a leader that is stopped', () => {
  let cluster: ProcessCluster;

  afterEach(() => cluster.dispose(), 60_000);

  test('thesis §3.10: hands over before it is gone, and no write is lost', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    await register(cluster.origin(leader), 'before');
    const { term } = await cluster.raftState(leader);
    const [follower = -1, other = -1] = cluster.positions.filter((one) => one !== leader);

    const is_stopped = cluster.kill(leader, 'SIGTERM');
    const writes = Array.from({ length: 20 }, async (_, number) =>
      register(cluster.origin(number % 2 === 0 ? follower : other), `meanwhile-${number}`),
    );
    expect(await is_stopped).toBe(0);
    // It has heard its successor before it was gone, and that one was elected first of all, by its wish. Where
    // the machine is busy enough that a follower misses heartbeats, others may follow.
    expect(cluster.log(leader)).toContain('"outcome":"transferred"');
    const elected = [follower, other].filter((one) =>
      cluster.log(one).includes(`"role":"leader","term":${term + 1},`),
    );
    expect(elected).toHaveLength(1);
    await Promise.all(writes);

    cluster.start(leader);
    await cluster.awaitEqualIndex();
  }, 180_000);
});
