import { afterEach, expect, test } from '@jest/globals';
import { AddressBook } from '../../src/discovery/address-book.ts';
import { addressesOf, announcementOf } from '../../src/node/addresses.ts';
import { loadConfig } from '../../src/config.ts';
import { emptyDisk, eventually, FakeNetwork, FakeReplica } from '../discovery/support.ts';
import { configurationOf, member, n1, n2 } from '../support/raft-fixture.ts';

test('a member is found before a stranger of the same node id', () => {
  const book = new AddressBook({ own_node_id: n1.node_id, nowMs: () => 1_000 });
  const announcement = (who: typeof n1, name: string) => ({
    ...who,
    boot_id: name,
    address: `${name}:8080`,
    api_url: `http://${name}:8080`,
    public_url: null,
  });
  const twin = member(2, 'a twin, first by its storage id');
  const configuration = configurationOf({ voters: [1, 2, 3] });
  book.observe(announcement(n2, 'two'), 'join');
  book.observe(announcement(twin, 'twin'), 'join');
  for (const pair of [n2, twin]) {
    const voters = [n1, pair];
    const group = { configuration: { ...configuration, voters } };
    const found = addressesOf(announcement(n1, 'one'), { book, group }, 1_000).find(
      ({ node_id }) => node_id === n2.node_id,
    );
    expect(found?.address_url).toBe(book.entryOf(pair)?.api_url);
  }
});

const running: FakeReplica[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((replica) => replica.stop()));
});

test('PUBLIC_URL travels in the address book, over others and through a restart', async () => {
  const network = new FakeNetwork();
  const wanted = ['agenda-1', 'agenda-2', 'agenda-3'];
  const start = async (node_id: string, seeds: string[], more: object = {}) => {
    const disk = { ...emptyDisk(), cluster_id: 'c1' };
    const options = { network, node_id, wanted, seeds, disk, ...more };
    const replica = await FakeReplica.start(options);
    running.push(replica);
    return replica;
  };
  const publicUrlSeenBy = ({ announcement, book }: FakeReplica, node_id: string) =>
    addressesOf(announcement, { book, group: { configuration: null } }, 0).find(
      (address) => address.node_id === node_id,
    )?.public_url;
  const configured = (PUBLIC_URL: string): string => {
    const env = {
      NODE_ID: 'agenda-1',
      CLUSTER_SIZE: '3',
      CLUSTER_HMAC_SECRET: 'a secret of this test, of more than thirty-two bytes',
      DISCOVERY_SEEDS: 'agenda-2:8080',
      PUBLIC_URL,
    };
    const config = loadConfig({ env, host_name: 'box', readFile: () => '' });
    return String(announcementOf(config, 'storage', 'boot').public_url);
  };

  const disk = { ...emptyDisk(), cluster_id: 'c1' };
  const public_url = configured('https://one.example.org');
  const one = await start('agenda-1', ['agenda-2:8080'], { disk, public_url });
  await start('agenda-2', []);
  // It hears of the first one from the second alone.
  const far_disk = { ...emptyDisk(), cluster_id: 'c1' };
  const far = await start('agenda-3', ['agenda-2:8080'], { disk: far_disk });
  await eventually(
    () => publicUrlSeenBy(far, 'agenda-1') === 'https://one.example.org',
    'it is heard of',
  );
  expect(publicUrlSeenBy(far, 'agenda-2')).toBeNull();
  expect(publicUrlSeenBy(one, 'agenda-1')).toBe('https://one.example.org');

  await stop(one);
  const moved = configured('https://new.example.org');
  await start('agenda-1', ['agenda-2:8080'], { disk, public_url: moved });
  await eventually(
    () => publicUrlSeenBy(far, 'agenda-1') === 'https://new.example.org',
    'the new one is heard of',
  );
  await eventually(
    () => far_disk.nodes.some((node) => node.public_url === moved),
    'it is written down',
  );
  await stop(far);
  network.linked = () => false;
  const again = await start('agenda-3', [], { disk: far_disk });
  await eventually(() => publicUrlSeenBy(again, 'agenda-1') === moved, 'it is remembered');
});

async function stop(replica: FakeReplica): Promise<void> {
  running.splice(running.indexOf(replica), 1);
  await replica.stop();
}
