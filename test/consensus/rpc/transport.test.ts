import { afterEach, describe, expect, test } from '@jest/globals';
import type { Member } from '../../../src/consensus/raft/configuration.ts';
import type { Request } from '../../../src/consensus/raft/message.ts';
import { sealEntry } from '../../../src/consensus/raft/seal-entry.ts';
import { createKeyring } from '../../../src/consensus/rpc/keyring.ts';
import { createReceiver } from '../../../src/consensus/rpc/receiver.ts';
import type { Route } from '../../../src/consensus/rpc/route.ts';
import { RpcTransport } from '../../../src/consensus/rpc/transport.ts';
import type { RpcTransportOptions } from '../../../src/consensus/rpc/transport.ts';
import { limits } from '../../../src/limits.ts';
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.ts';
import {
  ANSWERER,
  ASKER,
  KEYRING,
  SECRET,
  answerTo,
  identityOf,
  listen,
  startReceiver,
} from './loopback.ts';

const HEARTBEAT: Request = {
  kind: 'heartbeat',
  term: 3,
  round: 8,
  commit_index: 2,
  freshness: { echo_ms: 12.25, commit_index: 1 },
};

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function receiver(options: Parameters<typeof startReceiver>[0] = {}) {
  const loopback = await startReceiver(options);
  cleanups.push(() => loopback.close());
  return loopback;
}

function transport(options: Partial<RpcTransportOptions> = {}): RpcTransport {
  const made = new RpcTransport({
    identity: identityOf(ASKER, 'boot-1'),
    keyring: KEYRING,
    nowMs: Date.now,
    addressOf: () => null,
    ...options,
  });
  cleanups.push(() => {
    made.close();
  });
  return made;
}

describe('transport and receiver over HTTP', () => {
  test('every kind of message arrives as it was sent, and so does its answer', async () => {
    const there = await receiver();
    const group = transport({ addressOf: () => there.address }).forGroup('g7');
    const payload = Buffer.alloc(900_000, 7);
    const entry = sealEntry({ index: 1, term: 1, kind: 'command', request_id: 'r', payload });
    const previous = { index: 0, term: 0 };
    const messages: Request[] = [
      HEARTBEAT,
      {
        kind: 'vote',
        pre_vote: true,
        is_transfer: false,
        term: 4,
        last_log: { index: 9, term: 3 },
      },
      { kind: 'read_index', term: 4, read_id: 1 },
      { kind: 'timeout_now', term: 4 },
      { kind: 'append', term: 4, append_id: 1, previous, entries: [entry], leader_commit: 0 },
    ];
    for (const message of messages) {
      expect(await group.send(ANSWERER, message)).toEqual(answerTo(message));
    }
    expect(there.delivered).toEqual(
      messages.map((message) => ({ from: ASKER, group_id: 'g7', message })),
    );
  });

  test('connections are kept: one for pulses, one for appends, one for calls', async () => {
    const identify: Route = {
      format: 'json',
      method: 'POST',
      path: '/cluster/identify',
      accepts_strangers: true,
      handle: () => Promise.resolve({ status: 200, body: {} }),
    };
    const there = await receiver({ routes: [identify] });
    const here = transport({ addressOf: () => there.address });
    const group = here.forGroup('g0');
    const previous = { index: 0, term: 0 };
    for (let append_id = 1; append_id <= 5; append_id += 1) {
      await group.send(ANSWERER, HEARTBEAT);
      await group.send(ANSWERER, { kind: 'read_index', term: 3, read_id: 1 });
      const fields = { term: 3, append_id, previous, entries: [], leader_commit: 0 };
      await group.send(ANSWERER, { kind: 'append', ...fields });
      await here.call(there.address, 'POST', '/cluster/identify', {});
    }
    expect(there.connections()).toBe(3);
  });

  test('an append that is not answered does not delay a heartbeat', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const there = await receiver({
      deliver: async (_from, _group_id, message) => {
        if (message.kind === 'append') await gate;
        return answerTo(message);
      },
    });
    const group = transport({ addressOf: () => there.address }).forGroup('g0');
    await group.send(ANSWERER, HEARTBEAT);
    const previous = { index: 0, term: 0 };
    const appends = Array.from({ length: 2 * limits.rpc_connections_per_lane_max }, (_, at) => {
      const fields = { term: 3, append_id: at, previous, entries: [], leader_commit: 0 };
      return group.send(ANSWERER, { kind: 'append', ...fields });
    });
    expect(await group.send(ANSWERER, HEARTBEAT)).toEqual(answerTo(HEARTBEAT));
    release();
    await Promise.all(appends);
  });

  test('a replica that restarted is met again by one more request, without a failure', async () => {
    const first = await receiver();
    const group = transport({ addressOf: () => first.address }).forGroup('g0');
    await group.send(ANSWERER, HEARTBEAT);
    const port = Number(first.address.split(':')[1]);
    await first.close();
    const second = await receiver({ port, identity: identityOf(ANSWERER, 'boot-3') });
    expect(await group.send(ANSWERER, HEARTBEAT)).toEqual(answerTo(HEARTBEAT));
    expect(second.refusals).toEqual(['wrong_boot']);
    expect(second.delivered.length).toBe(1);
    await group.send(ANSWERER, HEARTBEAT);
    expect(second.refusals).toEqual(['wrong_boot']);
  });

  test('a message that meets a connection just closed is sent once more', async () => {
    const used = new WeakSet();
    const delivered: string[] = [];
    const receiving = createReceiver({
      identity: identityOf(ANSWERER, 'boot-2'),
      keyring: KEYRING,
      nowMs: Date.now,
      monotonicMs: () => 0,
      routes: [],
      deliver: (_from, _group_id, message) => {
        delivered.push(message.kind);
        return Promise.resolve(answerTo(message));
      },
      acceptsFrom: () => true,
      onRefused: () => undefined,
      onFailure: () => undefined,
    });
    let closed = 0;
    const there = await listen((request, response) => {
      // The first exchange only tells the boot id.
      if (delivered.length > 0 && used.has(request.socket)) {
        closed += 1;
        request.socket.destroy();
        return;
      }
      used.add(request.socket);
      receiving.handle(request, response);
    });
    cleanups.push(() => there.close());
    const group = transport({ addressOf: () => there.address }).forGroup('g0');
    await group.send(ANSWERER, HEARTBEAT);
    expect(await group.send(ANSWERER, HEARTBEAT)).toEqual(answerTo(HEARTBEAT));
    expect(closed).toBe(1);
    expect(delivered).toEqual(['heartbeat', 'heartbeat']);
  });

  test('the same message to several replicas reaches each', async () => {
    const third: Member = { node_id: 'agenda-3', storage_id: 'storage-3' };
    const one = await receiver();
    const other = await receiver({ identity: identityOf(third, 'boot-3') });
    const addressOf = ({ node_id }: Member): string =>
      node_id === third.node_id ? other.address : one.address;
    const group = transport({ addressOf }).forGroup('g0');
    await Promise.all([group.send(ANSWERER, HEARTBEAT), group.send(third, HEARTBEAT)]);
    expect(one.delivered).toEqual(other.delivered);
  });

  test('over TLS, to a certificate that is vouched for, and to no other', async () => {
    const there = await receiver({ tls: true });
    const addressOf = (): string => there.address;
    const trusting = transport({ addressOf, tls: { ca: LOOPBACK_CERTIFICATE } });
    expect(await trusting.forGroup('g0').send(ANSWERER, HEARTBEAT)).toEqual(answerTo(HEARTBEAT));
    const plain = transport({ addressOf });
    await expect(plain.forGroup('g0').send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('transport', () => {
  test('rejects with a reason: no address, a bad one, nobody there, no cluster, closed', async () => {
    const nowhere = transport().forGroup('g0');
    await expect(nowhere.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({ code: 'no_address' });
    const odd = transport({ addressOf: () => 'http://x:1' }).forGroup('g0');
    await expect(odd.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({ code: 'no_address' });
    const gone = await listen(() => undefined);
    await gone.close();
    const dead = transport({ addressOf: () => gone.address }).forGroup('g0');
    await expect(dead.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({
      code: 'no_connection',
    });
    const identity = identityOf(ASKER, 'boot-1', null);
    const alone = transport({ identity, addressOf: () => gone.address }).forGroup('g0');
    await expect(alone.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({ code: 'no_cluster' });
    const closed = transport({ addressOf: () => gone.address });
    closed.close();
    await expect(closed.forGroup('g0').send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({
      code: 'closed',
    });
  });

  test('a peer that never answers is a timeout; close ends what is under way', async () => {
    let heard = 0;
    const silent = await listen(() => {
      heard += 1;
    });
    cleanups.push(() => silent.close());
    const here = transport({ addressOf: () => silent.address });
    const group = here.forGroup('g0');
    await expect(group.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({ code: 'timeout' });
    const count = 3 * limits.rpc_connections_per_lane_max;
    const under_way = Array.from({ length: count }, () => group.send(ANSWERER, HEARTBEAT));
    here.close();
    for (const outcome of await Promise.allSettled(under_way)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unreachable' } });
    }
    expect(heard).toBeLessThanOrEqual(1 + limits.rpc_connections_per_lane_max);
  });

  test('what the peer refuses, verified, is told with its reason', async () => {
    const there = await receiver();
    const identity = identityOf(ASKER, 'boot-1', 'another-cluster');
    const group = transport({ identity, addressOf: () => there.address }).forGroup('g0');
    await expect(group.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('not of this cluster'),
    });
    expect(there.delivered).toEqual([]);
  });

  test('a clock that is far off, and jumps, is asked again by the time in its signed refusal', async () => {
    const hour_ms = 3_600_000;
    let off_ms = hour_ms;
    const there = await receiver({ nowMs: () => Date.now() + off_ms });
    const here = transport({ addressOf: () => there.address });
    const group = here.forGroup('g0');
    for (const jump_ms of [hour_ms, 3 * hour_ms, 2 * hour_ms]) {
      off_ms = jump_ms;
      // The first is refused; what follows is stamped by what that told.
      for (let count = 0; count < 3; count += 1) {
        expect(await group.send(ANSWERER, HEARTBEAT)).toEqual(answerTo(HEARTBEAT));
      }
    }
    expect(there.delivered.length).toBe(9);
    // The first refusal tells the boot and the time. Its clock does not go back.
    expect(there.refusals).toEqual(['wrong_boot', 'stale']);
  });

  test('an unsigned refusal is not believed', async () => {
    const there = await receiver({
      keyring: createKeyring(['not the secret of this cluster at all']),
    });
    const group = transport({ addressOf: () => there.address }).forGroup('g0');
    await expect(group.send(ANSWERER, HEARTBEAT)).rejects.toMatchObject({ code: 'bad_answer' });
    expect(there.refusals).toEqual(['unknown_key']);
  });
});

describe('control calls', () => {
  const echo: Route = {
    format: 'json',
    method: 'POST',
    path: '/cluster/identify',
    accepts_strangers: true,
    handle: ({ envelope, body }) =>
      Promise.resolve({ status: 200, body: { from: envelope.source, told: body } }),
  };
  const nodes: Route = {
    format: 'json',
    method: 'GET',
    path: '/cluster/nodes',
    accepts_strangers: false,
    handle: () => Promise.resolve({ status: 200, body: { items: [] } }),
  };

  test('whoever is at an address may have another time as well', async () => {
    const there = await receiver({ routes: [echo], nowMs: () => Date.now() - 3_600_000 });
    const identity = identityOf(ASKER, 'boot-1', null);
    const asked = await transport({ identity }).call(there.address, 'POST', '/cluster/identify', 1);
    expect(asked.status).toBe(200);
    expect(there.refusals).toEqual(['stale']);
  });

  test('a stranger asks whoever is there, learns who it is, and then asks by name', async () => {
    const there = await receiver({ routes: [echo, nodes] });
    const identity = identityOf(ASKER, 'boot-1', null);
    const stranger = transport({ identity });
    const answer = await stranger.call(there.address, 'POST', '/cluster/identify', { a: 'ñ' });
    expect(answer).toEqual({
      status: 200,
      body: { from: ASKER, told: { a: 'ñ' } },
      responder: ANSWERER,
      boot_id: 'boot-2',
    });
    const member = transport({ identity: identityOf(ASKER, 'boot-2') });
    const { responder } = await member.call(there.address, 'POST', '/cluster/identify', {});
    const listed = await member.call(there.address, 'GET', '/cluster/nodes', undefined, {
      destination: responder,
    });
    expect(listed.body).toEqual({ items: [] });
    expect(there.refusals).toEqual([]);
  });

  test('by name before the first answer it takes one more request', async () => {
    const there = await receiver({ routes: [nodes] });
    const options = { destination: ANSWERER };
    const answer = await transport().call(
      there.address,
      'GET',
      '/cluster/nodes?x=1',
      undefined,
      options,
    );
    expect(answer.status).toBe(200);
    expect(there.refusals).toEqual(['wrong_boot']);
  });

  test('a replica can ask itself, and sees that it did', async () => {
    const identity = identityOf(ANSWERER, 'boot-2');
    const there = await receiver({ routes: [echo], identity });
    const answer = await transport({ identity }).call(
      there.address,
      'POST',
      '/cluster/identify',
      {},
    );
    expect(answer.responder).toEqual(ANSWERER);
    expect(answer.boot_id).toBe('boot-2');
  });

  test('a verified refusal is an answer; garbage in place of JSON is refused', async () => {
    const there = await receiver({ routes: [echo, nodes] });
    const answer = await transport().call(there.address, 'GET', '/cluster/nodes', undefined);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: 'unauthenticated' });
    expect(there.refusals).toEqual(['wrong_cluster']);
  });

  test('a rotated secret: asks with the new one, is answered with it', async () => {
    const next = 'the next secret of the cluster, long';
    const there = await receiver({ routes: [echo], keyring: createKeyring([SECRET, next]) });
    const here = transport({ keyring: createKeyring([next, SECRET]) });
    const answer = await here.call(there.address, 'POST', '/cluster/identify', {});
    expect(answer.status).toBe(200);
  });
});
