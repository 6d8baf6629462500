import { afterEach, describe, expect, test } from '@jest/globals';
import type { Announcement } from '../../src/discovery/address-entry.ts';
import { emptyDisk, eventually, FakeNetwork, FakeReplica } from './support.ts';
import type { FakeDisk } from './support.ts';

const running: FakeReplica[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((replica) => replica.stop()));
});

/** Of a cluster that has formed, so that nothing but gossip happens. */
function formedDisk(changes: Partial<FakeDisk> = {}): FakeDisk {
  return { ...emptyDisk(), cluster_id: 'c1', ...changes };
}

async function start(
  network: FakeNetwork,
  node_id: string,
  options: {
    seeds?: readonly string[];
    disk?: FakeDisk;
    wanted?: readonly string[];
    address?: string;
  } = {},
): Promise<FakeReplica> {
  const {
    seeds = [],
    disk = formedDisk(),
    wanted = [node_id],
    address = `${node_id}:8080`,
  } = options;
  const replica = await FakeReplica.start({ network, node_id, disk, wanted, seeds, address });
  running.push(replica);
  return replica;
}

function knows(replica: FakeReplica, ...node_ids: readonly string[]): boolean {
  return node_ids.every((node_id) => replica.book.get(node_id) !== null);
}

describe('gossip over seeds', () => {
  test('one common seed is enough for all to know all', async () => {
    const network = new FakeNetwork();
    const seeds = ['n-1:8080'];
    const wanted = ['n-1', 'n-2', 'n-3', 'n-4'];
    const replicas = await Promise.all(
      wanted.map((node_id) => start(network, node_id, { seeds, wanted })),
    );
    await eventually(
      () =>
        replicas.every((replica) =>
          wanted.every((node_id) => node_id === replica.options.node_id || knows(replica, node_id)),
        ),
      'all know all',
    );
  });

  test('a seed that names itself is ignored', async () => {
    const network = new FakeNetwork();
    const replica = await start(network, 'n-1', { seeds: ['n-1:8080', 'n-2:8080'] });
    await eventually(() => replica.gossip.addresses().join() === 'n-2:8080', 'itself is left out');
    expect(replica.book.entries).toEqual([]);
  });

  test('a seed that is not there is tried until it is', async () => {
    const network = new FakeNetwork();
    const replica = await start(network, 'n-1', { seeds: ['n-2:8080'], wanted: ['n-1', 'n-2'] });
    await eventually(() => network.dialled.has('n-2:8080'), 'it is tried');
    await start(network, 'n-2');
    await eventually(() => knows(replica, 'n-2'), 'it is found');
  });

  test('a replica that comes back with another boot is known by that', async () => {
    const network = new FakeNetwork();
    const seeds = ['n-2:8080'];
    const replica = await start(network, 'n-1', { seeds, wanted: ['n-1', 'n-2', 'n-3'] });
    const first = await start(network, 'n-2');
    await eventually(() => knows(replica, 'n-2'), 'it is found');
    await first.stop();
    running.splice(running.indexOf(first), 1);
    const second = await start(network, 'n-2');
    const { boot_id } = second.announcement;
    await eventually(() => replica.book.get('n-2')?.boot_id === boot_id, 'the new boot is known');
  });

  test('a second process under one NODE_ID, with an empty disk, draws no traffic from the first', async () => {
    const network = new FakeNetwork();
    const seeds = ['n-1:8080'];
    const wanted = ['n-1', 'n-2', 'n-3'];
    const [one, two, three] = [
      await start(network, 'n-1', { seeds, wanted }),
      await start(network, 'n-2', { seeds, wanted }),
      await start(network, 'n-3', { seeds, wanted }),
    ];
    const others = [one, three];
    const pair = two.announcement;
    const all = (known: Announcement): boolean =>
      others.every(({ book }) => book.dialableAddress(known) === known.address);
    await eventually(() => all(pair), 'the first is known');
    const disk = emptyDisk();
    const twin = await start(network, 'n-2', { seeds, wanted, disk, address: 'twin:8080' });
    await eventually(() => all(twin.announcement), 'the second is known');
    const seen_ms = one.book.entryOf(twin.announcement)?.last_seen_ms ?? Infinity;
    await eventually(
      () => (one.book.entryOf(pair)?.last_seen_ms ?? 0) > seen_ms,
      'the first still answers after the second was seen',
    );
    expect(all(pair)).toBe(true);
    expect(one.book.entryOf(pair)?.boot_id).toBe(pair.boot_id);
  });

  test('the book is stored, and dialled after a restart without any seed', async () => {
    const network = new FakeNetwork();
    const disk = formedDisk();
    const replica = await start(network, 'n-1', { disk, seeds: ['n-2:8080'] });
    const other = await start(network, 'n-2');
    await eventually(() => disk.nodes.some(({ node_id }) => node_id === 'n-2'), 'it is stored');
    await replica.stop();
    running.splice(running.indexOf(replica), 1);
    other.book.forget(replica.announcement, replica.announcement.boot_id);
    const again = await start(network, 'n-1', { disk });
    await eventually(() => knows(other, 'n-1'), 'the other hears of it again');
    await eventually(() => again.book.get('n-2')?.source !== 'stored', 'it answers');
  });

  test('an address of another cluster is not taken into the book', async () => {
    const network = new FakeNetwork();
    await start(network, 'n-2', { disk: formedDisk({ cluster_id: 'c0' }) });
    const replica = await start(network, 'n-1', {
      seeds: ['n-2:8080', 'n-3:8080'],
      wanted: ['n-1', 'n-2', 'n-3'],
    });
    await start(network, 'n-3');
    await eventually(() => knows(replica, 'n-3'), 'its own cluster is found');
    expect(knows(replica, 'n-2')).toBe(false);
  });

  test('who answers for another is not believed', async () => {
    const network = new FakeNetwork();
    const announcement: Announcement = {
      node_id: 'n-2',
      storage_id: 's',
      boot_id: 'b',
      address: 'n-2:8080',
      api_url: 'http://n-2:8080',
      public_url: null,
    };
    let asked = 0;
    network.listen('liar:8080', {
      source: { node_id: 'n-9', storage_id: 's9' },
      boot_id: 'b9',
      async serve() {
        asked += 1;
        return {
          status: 200,
          body: { ...announcement, promise: null, cluster_id: null, last_index: 0 },
        };
      },
    });
    const replica = await start(network, 'n-1', { seeds: ['liar:8080'], wanted: ['n-1', 'n-2'] });
    await eventually(() => asked >= 2, 'it is asked');
    expect(replica.book.entries).toEqual([]);
  });

  test('a leave reaches those that are known', async () => {
    const network = new FakeNetwork();
    const other = await start(network, 'n-2');
    const replica = await start(network, 'n-1', { seeds: ['n-2:8080'] });
    await eventually(() => knows(other, 'n-1') && knows(replica, 'n-2'), 'they know each other');
    await replica.stop();
    running.splice(running.indexOf(replica), 1);
    await replica.gossip.leave();
    expect(knows(other, 'n-1')).toBe(false);
  });
});
