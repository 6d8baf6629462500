import { describe, expect, test } from '@jest/globals';
import { encodePromise } from '../../src/consensus/bootstrap/promise-codec.ts';
import type { BootstrapPromise } from '../../src/consensus/bootstrap/promise.ts';
import type { Member } from '../../src/consensus/raft/configuration.ts';
import { AddressBook } from '../../src/discovery/address-book.ts';
import { identify, join, leave, nodes, promise } from '../../src/discovery/handlers.ts';
import type { ClusterHandlersOptions } from '../../src/discovery/handlers.ts';
import { IdentityKeeper } from '../../src/discovery/identity-keeper.ts';
import { emptyDisk, identityStore, silent_logger } from './support.ts';
import type { FakeDisk } from './support.ts';

const NOW_MS = 5_000_000;
const proposer: Member = { node_id: 'agenda-1', storage_id: 'one' };

async function open(disk: FakeDisk = emptyDisk()) {
  const position = { last_index: 0, commit_index: 0 };
  const keeper = await IdentityKeeper.open({
    node_id: 'agenda-2',
    store: identityStore(disk),
    log: { position: async () => position },
  });
  const options: ClusterHandlersOptions = {
    keeper,
    book: new AddressBook({ own_node_id: 'agenda-2', nowMs: () => NOW_MS }),
    announcement: {
      ...keeper.member,
      boot_id: 'boot-2',
      address: 'agenda-2:8080',
      api_url: 'http://agenda-2:8080',
      public_url: 'https://two.example.org',
    },
    wanted: ['agenda-1', 'agenda-2'],
    nowMs: () => NOW_MS,
    logger: silent_logger,
  };
  return { disk, keeper, options, position };
}

function promiseOf(own: Member, changes: Partial<BootstrapPromise> = {}): BootstrapPromise {
  return {
    cluster_id: 'c1',
    proposal_number: 1,
    proposer,
    members: [proposer, own],
    ...changes,
  };
}

function from(source: Member, body: unknown) {
  return { source, source_boot_id: 'boot-1', body };
}

function joinBody(changes: object = {}): object {
  return {
    ...proposer,
    boot_id: 'boot-1',
    address: 'agenda-1:8080',
    api_url: 'http://agenda-1:8080',
    public_url: null,
    cluster_id: null,
    ...changes,
  };
}

describe('/cluster/identify', () => {
  test('tells who lives here and what it has promised', async () => {
    const { options, keeper } = await open();
    const held = promiseOf(keeper.member);
    await promise(options, from(proposer, { kind: 'promise', promise: encodePromise(held) }));
    expect(await identify(options, from(proposer, {}))).toEqual({
      status: 200,
      body: {
        ...options.announcement,
        promise: encodePromise(held),
        cluster_id: null,
        last_index: 0,
      },
    });
    expect((await identify(options, from(proposer, { more: 1 }))).status).toBe(400);
  });
});

describe('/cluster/promise', () => {
  test('scenario 12: is on the disk before it is answered', async () => {
    const { options, keeper, disk } = await open();
    const text = encodePromise(promiseOf(keeper.member));
    const answer = await promise(options, from(proposer, { kind: 'promise', promise: text }));
    expect(answer).toEqual({ status: 200, body: { outcome: 'accepted', reason: null } });
    expect(disk.promise).toBe(text);
    expect(keeper.effective_cluster_id).toBe('c1');
    const again = await promise(options, from(proposer, { kind: 'promise', promise: text }));
    expect(again.status).toBe(200);
  });

  test('scenario 12: of two that come at once, one is made', async () => {
    const { options, keeper, disk } = await open();
    const other: Member = { node_id: 'agenda-1', storage_id: 'another' };
    const rival = promiseOf(keeper.member, {
      cluster_id: 'c2',
      proposer: other,
      members: [other, keeper.member],
    });
    const text = encodePromise(promiseOf(keeper.member));
    const answers = await Promise.all([
      promise(options, from(proposer, { kind: 'promise', promise: text })),
      promise(options, from(other, { kind: 'promise', promise: encodePromise(rival) })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect(answers[1]?.body).toEqual({ outcome: 'refused', reason: 'other_promise' });
    expect(disk.promise).toBe(text);
  });

  test('scenario 12: is dropped durably for the proposer with another disk, unless there is a log', async () => {
    const { options, keeper, disk, position } = await open();
    const text = encodePromise(promiseOf(keeper.member));
    await promise(options, from(proposer, { kind: 'promise', promise: text }));
    const wiped: Member = { node_id: 'agenda-1', storage_id: 'another' };
    position.last_index = 1;
    const refused = await promise(options, from(wiped, { kind: 'drop', promise: text }));
    expect(refused.body).toEqual({ outcome: 'refused', reason: 'has_log' });
    position.last_index = 0;
    const accepted = await promise(options, from(wiped, { kind: 'drop', promise: text }));
    expect(accepted.status).toBe(200);
    expect(disk.promise).toBeNull();
    expect(keeper.effective_cluster_id).toBeNull();
  });

  test('scenario 12: while a drop is judged, no entry of the promised cluster is taken', async () => {
    const { options, keeper } = await open();
    const text = encodePromise(promiseOf(keeper.member));
    await promise(options, from(proposer, { kind: 'promise', promise: text }));
    let seen: string | null = 'unset';
    await keeper.change(() => {
      seen = keeper.effective_cluster_id;
      return null;
    });
    expect(seen).toBeNull();
    expect(keeper.effective_cluster_id).toBe('c1');
  });

  test('what is no promise is refused', async () => {
    const { options, disk } = await open();
    for (const body of [{}, { kind: 'promise', promise: '{}' }, { kind: 'promise' }, null]) {
      expect((await promise(options, from(proposer, body))).status).toBe(400);
    }
    expect(disk.promise).toBeNull();
  });

  test('a restart finds the promise again', async () => {
    const { options, keeper, disk } = await open();
    const held = promiseOf(keeper.member);
    await promise(options, from(proposer, { kind: 'promise', promise: encodePromise(held) }));
    expect((await open(disk)).keeper.promise).toEqual(held);
  });
});

describe('/cluster/join and /cluster/nodes', () => {
  test('scenario 11: an announcement goes to the address book, and the table comes back', async () => {
    const { options, disk } = await open();
    const before = { ...disk };
    const answer = await join(options, from(proposer, joinBody()));
    expect(options.book.get('agenda-1')).toMatchObject({
      address: 'agenda-1:8080',
      source: 'join',
    });
    expect(answer).toEqual(await nodes(options, from(proposer, undefined)));
    expect(answer.body).toMatchObject({
      cluster_id: null,
      nodes: [{ node_id: 'agenda-1' }, { node_id: 'agenda-2', last_seen_ms: NOW_MS }],
    });
    expect(disk).toEqual(before);
  });

  test.each([
    ['another node id', { node_id: 'agenda-3' }, 403],
    ['another storage id', { storage_id: 'x' }, 403],
    ['another boot', { boot_id: 'x' }, 403],
    ['a URL for an address', { address: 'http://agenda-1:8080' }, 400],
    ['a wildcard', { address: '0.0.0.0:8080' }, 400],
    ['no port', { address: 'agenda-1' }, 400],
    ['a file URL', { api_url: 'file:///etc/passwd' }, 400],
    ['a path', { api_url: 'http://agenda-1:8080/x' }, 400],
    ['a user in a URL', { public_url: 'http://me@agenda-1:8080' }, 400],
    ['a field too many', { more: 1 }, 400],
    ['a missing field', { public_url: undefined }, 400],
  ])('refuses %s', async (_name, changes, status) => {
    const { options } = await open();
    const answer = await join(options, from(proposer, joinBody(changes)));
    expect(answer.status).toBe(status);
    expect(options.book.entries).toEqual([]);
  });

  test('scenario 12: a replica of another cluster is not taken in', async () => {
    const { options } = await open({ ...emptyDisk(), cluster_id: 'c1' });
    const stranger = await join(options, from(proposer, joinBody({ cluster_id: 'c0' })));
    expect(stranger).toEqual({ status: 409, body: { reason: 'other_cluster' } });
    const empty = await join(options, from(proposer, joinBody()));
    expect(empty.body).toMatchObject({ cluster_id: 'c1' });
  });
});

describe('/cluster/leave', () => {
  test('scenario 11: takes the replica out of the book, not out of anything else', async () => {
    const { options, disk } = await open();
    await join(options, from(proposer, joinBody()));
    const before = { ...disk };
    expect((await leave(options, from(proposer, { boot_id: 'x' }))).status).toBe(403);
    expect((await leave(options, from(proposer, {}))).status).toBe(400);
    expect(options.book.entries).toHaveLength(1);
    expect((await leave(options, from(proposer, { boot_id: 'boot-1' }))).status).toBe(200);
    expect(options.book.entries).toEqual([]);
    expect(disk).toEqual(before);
  });
});
