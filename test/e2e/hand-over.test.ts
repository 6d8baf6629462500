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
    // Without waiting: when it was gone, another led already, and by the first election there was.
    const states = await Promise.all([follower, other].map((one) => cluster.raftState(one)));
    expect(states.filter(({ role }) => role === 'leader')).toHaveLength(1);
    expect(states.map((state) => state.term)).toEqual([term + 1, term + 1]);
    await Promise.all(writes);
    expect(cluster.log(leader)).toContain('"outcome":"transferred"');

    cluster.start(leader);
    await cluster.awaitEqualIndex();
  }, 180_000);
});
