import { afterEach, describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import type { Configuration } from '../../src/consensus/raft/configuration.ts';
import { emptyDisk, eventually, FakeNetwork, FakeReplica } from './support.ts';
import type { FakeDisk } from './support.ts';

const seven = nodeIds(7);

function nodeIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `agenda-${index + 1}`);
}

/** Seven replicas, or some of them; whoever has the first entry sends it to those it names. */
class Fleet {
  readonly network = new FakeNetwork();
  readonly running = new Map<string, FakeReplica>();
  readonly disks = new Map<string, FakeDisk>();
  readonly seeds: readonly string[];

  constructor(seeds: readonly string[] = ['agenda-1:8080', 'agenda-2:8080', 'nowhere:8080']) {
    this.seeds = seeds;
  }

  async start(node_id: string, wanted: readonly string[] = seven): Promise<FakeReplica> {
    const disk = this.disks.get(node_id) ?? emptyDisk();
    this.disks.set(node_id, disk);
    const { network, seeds } = this;
    const replica = await FakeReplica.start({ network, node_id, disk, wanted, seeds });
    this.running.set(node_id, replica);
    return replica;
  }

  async stop(node_id: string): Promise<void> {
    const replica = must(this.running.get(node_id), 'not running');
    this.running.delete(node_id);
    await replica.stop();
  }

  async wipe(node_id: string): Promise<void> {
    await this.stop(node_id);
    this.disks.delete(node_id);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running.keys()].map((node_id) => this.stop(node_id)));
  }

  /** What consensus does with the first entry. */
  replicate(): void {
    const replicas = [...this.running.values()];
    const entry = this.firstEntries()[0];
    if (entry === undefined) return;
    for (const replica of replicas) {
      const { storage_id } = replica.keeper.member;
      const is_named = entry.voters.some((voter) => voter.storage_id === storage_id);
      if (is_named) replica.receiveFirstEntry(entry);
    }
  }

  firstEntries(): readonly Configuration[] {
    const entries = [...this.disks.values()].map((disk) => disk.log).filter((log) => log !== null);
    return [...new Map(entries.map((entry) => [entry.cluster_id, entry])).values()];
  }

  clusterIds(): readonly (string | null)[] {
    return [...new Set([...this.disks.values()].map((disk) => disk.cluster_id))];
  }

  async formed(): Promise<string> {
    await eventually(() => {
      this.replicate();
      const ids = this.clusterIds();
      return ids.length === 1 && ids[0] !== null;
    }, 'one cluster');
    expect(this.firstEntries()).toHaveLength(1);
    return must(this.clusterIds()[0], 'no cluster');
  }
}

let fleet = new Fleet();

afterEach(async () => {
  await fleet.stopAll();
});

describe('bootstrap over the wire', () => {
  test('scenario 12: seven empty nodes, in any order, form one cluster of all seven', async () => {
    fleet = new Fleet();
    for (const number of [5, 2, 7, 1, 6, 3, 4]) await fleet.start(`agenda-${number}`);
    const cluster_id = await fleet.formed();
    const [entry] = fleet.firstEntries();
    expect(entry).toMatchObject({ cluster_id, learners: [], voters_wanted: 7, feature_level: 1 });
    expect(entry?.voters).toEqual(
      [...fleet.running.values()]
        .map((replica) => replica.keeper.member)
        .sort((one, other) => (one.node_id < other.node_id ? -1 : 1)),
    );
  });

  test('scenario 12: started twice, it stays one cluster', async () => {
    fleet = new Fleet();
    for (const node_id of seven) await fleet.start(node_id);
    await eventually(() => fleet.disks.get('agenda-5')?.promise !== null, 'a promise');
    await fleet.stopAll();
    for (const node_id of seven.toReversed()) await fleet.start(node_id);
    const cluster_id = await fleet.formed();
    await fleet.stopAll();
    for (const node_id of seven) await fleet.start(node_id);
    expect(await fleet.formed()).toBe(cluster_id);
    expect(fleet.running.get('agenda-1')?.first_entries_written).toBe(0);
  });

  test('scenario 12: two halves form nothing until they meet', async () => {
    fleet = new Fleet(['agenda-1:8080', 'agenda-4:8080']);
    const half = new Set(seven.slice(0, 3));
    fleet.network.linked = (from, to) => half.has(from) === half.has(to);
    for (const node_id of seven) await fleet.start(node_id);
    await eventually(
      () => [...fleet.running.values()].every((replica) => replica.book.entries.length >= 2),
      'each half knows itself',
    );
    expect(fleet.firstEntries()).toEqual([]);
    fleet.network.linked = () => true;
    await fleet.formed();
  });

  test('scenario 13: the proposer loses its disk between promise and first entry', async () => {
    fleet = new Fleet();
    fleet.network.linked = (_from, to, path) => path !== '/cluster/promise' || to !== 'agenda-7';
    for (const node_id of seven) await fleet.start(node_id);
    await eventually(
      () => seven.slice(0, 6).every((node_id) => fleet.disks.get(node_id)?.promise !== null),
      'all but one have promised',
    );
    const lost = must(fleet.running.get('agenda-1'), 'no agenda-1').keeper.member;
    await fleet.wipe('agenda-1');
    fleet.network.linked = () => true;
    await fleet.start('agenda-1');
    await fleet.formed();
    const lowest = must(fleet.running.get('agenda-1'), 'no agenda-1').keeper.member;
    expect(lowest).not.toEqual(lost);
    expect(fleet.firstEntries()[0]?.voters[0]).toEqual(lowest);
  });

  test('scenario 13: a member loses its disk between promise and first entry', async () => {
    fleet = new Fleet();
    fleet.network.linked = (_from, to, path) => path !== '/cluster/promise' || to !== 'agenda-2';
    const members = nodeIds(3);
    for (const node_id of members) await fleet.start(node_id, members);
    await eventually(() => fleet.disks.get('agenda-3')?.promise !== null, 'a promise');
    await fleet.wipe('agenda-3');
    await fleet.start('agenda-3', members);
    await eventually(
      () => fleet.disks.get('agenda-1')?.promise?.includes('"proposal_number":2') === true,
      'the proposal is made anew',
    );
    fleet.network.linked = () => true;
    await fleet.formed();
    const back = must(fleet.running.get('agenda-3'), 'no agenda-3').keeper.member;
    expect(fleet.firstEntries()[0]?.voters[2]).toEqual(back);
  });

  test('scenario 13: a voter that lost its disk later joins and is not in the configuration', async () => {
    fleet = new Fleet();
    const members = nodeIds(3);
    for (const node_id of members) await fleet.start(node_id, members);
    const cluster_id = await fleet.formed();
    const [entry] = fleet.firstEntries();
    await fleet.wipe('agenda-1');
    const back = await fleet.start('agenda-1', members);
    await eventually(() => back.keeper.cluster_id === cluster_id, 'it joins');
    expect(back.options.disk.log).toBeNull();
    expect(back.first_entries_written).toBe(0);
    expect(fleet.firstEntries()).toEqual([entry]);
  });

  test('scenario 12: an old node among new ones: they join its cluster', async () => {
    fleet = new Fleet();
    fleet.disks.set('agenda-4', { ...emptyDisk(), cluster_id: 'c-old', commit_index: 0 });
    for (const node_id of seven) await fleet.start(node_id);
    await eventually(() => fleet.clusterIds().join() === 'c-old', 'all join');
    expect(fleet.firstEntries()).toEqual([]);
  });

  test('scenario 12: a cluster of one bootstraps at once, by the same rules', async () => {
    fleet = new Fleet([]);
    await fleet.start('agenda-1', ['agenda-1']);
    const cluster_id = await fleet.formed();
    expect(fleet.firstEntries()[0]?.voters.map((voter) => voter.node_id)).toEqual(['agenda-1']);
    expect(JSON.parse(fleet.disks.get('agenda-1')?.promise ?? '')).toMatchObject({ cluster_id });
  });

  test('scenario 12: names that do not resolve, or no seeds, are "not yet", never "I am alone"', async () => {
    fleet = new Fleet(['tasks.agenda:8080']);
    const lonely = await fleet.start('agenda-1');
    await eventually(() => fleet.network.dialled.has('tasks.agenda:8080'), 'the seed is tried');
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(lonely.options.disk).toMatchObject({ promise: null, log: null, cluster_id: null });
  });

  test('scenario 12: two replicas under one NODE_ID: nothing is proposed', async () => {
    fleet = new Fleet(['agenda-2:8080', 'twin:8080']);
    const members = nodeIds(2);
    const twin = { ...emptyDisk(), node_id: 'agenda-1', boot_id: 'twin-boot' };
    fleet.network.listen('twin:8080', {
      source: { node_id: twin.node_id, storage_id: twin.storage_id },
      boot_id: twin.boot_id,
      serve: async () => ({
        status: 200,
        body: {
          node_id: twin.node_id,
          storage_id: twin.storage_id,
          boot_id: twin.boot_id,
          address: 'twin:8080',
          api_url: 'http://twin:8080',
          public_url: null,
          promise: null,
          cluster_id: null,
          last_index: 0,
        },
      }),
    });
    for (const node_id of members) await fleet.start(node_id, members);
    const lowest = must(fleet.running.get('agenda-1'), 'no agenda-1');
    await eventually(() => lowest.book.get('agenda-2') !== null, 'all known');
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(lowest.options.disk.promise).toBeNull();
    fleet.network.close('twin:8080');
    await fleet.formed();
  });
});

describe('discovery and votes', () => {
  test('scenario 11: what discovery sees or misses never changes who votes', async () => {
    fleet = new Fleet();
    for (const node_id of seven) await fleet.start(node_id);
    const cluster_id = await fleet.formed();
    const [entry] = fleet.firstEntries();
    // Missing tasks, extra tasks, links that flap, one that lost its disk, one that takes leave.
    await fleet.stop('agenda-2');
    await fleet.wipe('agenda-3');
    await fleet.start('agenda-3');
    const extra = await fleet.start('agenda-8', nodeIds(8));
    for (let round = 0; round < 10; round += 1) {
      fleet.network.linked = (from, to) => (from.length + to.length + round) % 2 === 0;
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
      fleet.network.linked = () => true;
    }
    await must(fleet.running.get('agenda-4'), 'no agenda-4').gossip.leave();
    await eventually(() => extra.keeper.cluster_id === cluster_id, 'the newcomer joins');
    await eventually(
      () => fleet.running.get('agenda-3')?.keeper.cluster_id === cluster_id,
      'the wiped one joins',
    );
    for (const node_id of ['agenda-1', 'agenda-4', 'agenda-5', 'agenda-6', 'agenda-7']) {
      expect(fleet.disks.get(node_id)?.log).toEqual(entry);
    }
    const written = [...fleet.running.values()].map((replica) => replica.first_entries_written);
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(fleet.firstEntries()).toEqual([entry]);
  });
});
