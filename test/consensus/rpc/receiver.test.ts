import { afterEach, describe, expect, test } from '@jest/globals';
import { createKeyring } from '../../../src/consensus/rpc/keyring.ts';
import { encodeRequest } from '../../../src/consensus/rpc/message-codec.ts';
import type { RefusalReason } from '../../../src/consensus/rpc/refusal.ts';
import { limits } from '../../../src/limits.ts';
import {
  ANSWERER,
  ASKER,
  KEYRING,
  SECRET,
  identityOf,
  sendRaw,
  signed,
  startReceiver,
  withHeader,
  withoutHeader,
} from './loopback.ts';
import type { Loopback, RawRequest } from './loopback.ts';

const HEARTBEAT = encodeRequest({
  kind: 'heartbeat',
  term: 1,
  round: 1,
  commit_index: 0,
  freshness: null,
});
const SKEW_MS = limits.rpc_clock_skew_ms;

const running: Loopback[] = [];

async function start(options: Parameters<typeof startReceiver>[0] = {}): Promise<Loopback> {
  const loopback = await startReceiver(options);
  running.push(loopback);
  return loopback;
}

afterEach(async () => {
  for (const loopback of running.splice(0)) await loopback.close();
});

/** Refused with 401 as problem+json, counted under its reason, and nothing delivered. */
async function expectRefused(
  loopback: Loopback,
  raw: RawRequest,
  reason: RefusalReason,
): Promise<void> {
  const delivered = loopback.delivered.length;
  const refusals = loopback.refusals.length;
  const response = await sendRaw(loopback.address, raw);
  expect(response.status).toBe(401);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.headers['www-authenticate']).toBeDefined();
  expect(JSON.parse(response.body)).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status: 401,
    code: 'unauthenticated',
    detail: expect.any(String),
    request_id: response.headers['x-request-id'],
  });
  expect(loopback.refusals.slice(refusals)).toEqual([reason]);
  expect(loopback.delivered.length).toBe(delivered);
}

const OPERATOR_KEYRING = createKeyring([SECRET], 'operator');

/** For operators to POST, for replicas to GET, at one path. */
function startWithOperatorRoute(): Promise<Loopback> {
  const handle = () => Promise.resolve({ status: 200, body: 'operator' });
  const path = '/cluster/check';
  const fields = { path, accepts_strangers: false, format: 'json' } as const;
  return start({
    operator_keyring: OPERATOR_KEYRING,
    routes: [
      { ...fields, method: 'POST', caller: 'operator', handle },
      {
        ...fields,
        method: 'GET',
        handle: () => Promise.resolve({ status: 200, body: 'replica' }),
      },
    ],
  });
}

describe('operators', () => {
  const post = { method: 'POST', target: '/cluster/check' };
  const get = { method: 'GET', target: '/cluster/check' };

  test('have a key of their own, which opens what is theirs', async () => {
    const loopback = await startWithOperatorRoute();
    const asked = signed({ ...post, keyring: OPERATOR_KEYRING });
    const response = await sendRaw(loopback.address, asked);
    expect([response.status, response.body]).toEqual([200, '"operator"']);
    await expectRefused(loopback, asked, 'replayed');
    const as_replica = await sendRaw(loopback.address, signed(get));
    expect([as_replica.status, as_replica.body]).toEqual([200, '"replica"']);
  });

  test('are not replicas, nor replicas operators', async () => {
    const loopback = await startWithOperatorRoute();
    await expectRefused(loopback, signed(post), 'unknown_key');
    await expectRefused(loopback, signed({ ...get, keyring: OPERATOR_KEYRING }), 'unknown_key');
    const heartbeat = signed({ keyring: OPERATOR_KEYRING, body: HEARTBEAT });
    await expectRefused(loopback, heartbeat, 'unknown_key');
    expect(OPERATOR_KEYRING.primary.key_id).not.toBe(KEYRING.primary.key_id);
    // Under the id of the other key, the signature is still not that key's.
    const posing = { key_id: OPERATOR_KEYRING.primary.key_id };
    await expectRefused(loopback, signed({ ...post, envelope: posing }), 'bad_signature');
  });

  test('many of them do not crowd out a replica', async () => {
    const loopback = await startWithOperatorRoute();
    for (let number = 0; number <= limits.rpc_replay_senders_max; number += 1) {
      const envelope = { source_boot_id: `operator-${number}` };
      const asked = signed({ ...post, keyring: OPERATOR_KEYRING, envelope });
      await sendRaw(loopback.address, asked);
    }
    expect(loopback.refusals.at(-1)).toBe('overloaded');
    expect((await sendRaw(loopback.address, signed({ body: HEARTBEAT }))).status).toBe(200);
  });
});

describe('receiver', () => {
  test('delivers what is rightly signed, and signs its answer', async () => {
    const loopback = await start();
    const response = await sendRaw(loopback.address, signed({ body: HEARTBEAT }));
    expect(response.status).toBe(200);
    expect(response.headers['x-cluster-signature']).toMatch(/^[0-9a-f]{64}$/);
    expect(loopback.delivered).toEqual([
      { from: ASKER, group_id: 'g0', message: expect.objectContaining({ kind: 'heartbeat' }) },
    ]);
    expect(loopback.refusals).toEqual([]);
  });

  test('leaves other paths and methods alone', async () => {
    const loopback = await start();
    const get = { method: 'GET', headers: {}, body: Buffer.alloc(0) };
    for (const target of ['/raft/state', '/raft/append-entries', '/raft/append-entries/x', '/']) {
      expect((await sendRaw(loopback.address, { ...get, target })).status).toBe(404);
    }
    expect(loopback.refusals).toEqual([]);
  });

  test('unsigned: neither header, or only one of them', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    const no_signature = withoutHeader(raw, 'x-cluster-signature');
    await expectRefused(loopback, no_signature, 'unsigned');
    await expectRefused(loopback, withoutHeader(raw, 'x-cluster-envelope'), 'unsigned');
    await expectRefused(loopback, withoutHeader(no_signature, 'x-cluster-envelope'), 'unsigned');
    const answer = await sendRaw(loopback.address, no_signature);
    expect(answer.headers['x-cluster-signature']).toBeUndefined();
  });

  test('malformed: an envelope that is none', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    const change = (value: string): string => `${value},`;
    await expectRefused(loopback, withHeader(raw, 'x-cluster-envelope', change), 'malformed');
  });

  test('forged: signed with another secret, under a strange or under a known key id', async () => {
    const loopback = await start();
    const keyring = createKeyring(['another secret, also long enough for it']);
    await expectRefused(loopback, signed({ keyring, body: HEARTBEAT }), 'unknown_key');
    const envelope = { key_id: KEYRING.primary.key_id };
    await expectRefused(loopback, signed({ keyring, envelope, body: HEARTBEAT }), 'bad_signature');
  });

  test.each([
    ['cluster', /cluster-1/, 'cluster-2'],
    ['source node', /agenda-1/, 'agenda-3'],
    ['source storage', /storage-1/, 'storage-3'],
    ['source boot', /boot-1/, 'boot-3'],
    ['destination node', /agenda-2/, 'agenda-3'],
    ['destination storage', /storage-2/, 'storage-3'],
    ['destination boot', /boot-2/, 'boot-3'],
    ['group', /,g0,/, ',g1,'],
    ['time stamp', /,(\d{12})\d,/, ',$10,'],
    ['counter', /,\d+,([0-9a-f]{64})$/, ',987654321,$1'],
    ['hash of the body', /[0-9a-f]{64}$/, 'a'.repeat(64)],
  ])('tampered with: %s', async (_, part, replacement) => {
    const loopback = await start();
    // A time stamp that does not end in the digit it is changed to.
    const envelope = { timestamp_ms: Math.floor(Date.now() / 10) * 10 + 1 };
    const raw = signed({ envelope, body: HEARTBEAT });
    const changed = withHeader(raw, 'x-cluster-envelope', (text) =>
      text.replace(part, replacement),
    );
    expect(changed.headers['x-cluster-envelope']).not.toBe(raw.headers['x-cluster-envelope']);
    await expectRefused(loopback, changed, 'bad_signature');
  });

  test('tampered with: method, path, query, content type, signature, body', async () => {
    const routes = [
      {
        format: 'json' as const,
        method: 'GET' as const,
        path: '/cluster/nodes',
        accepts_strangers: false,
        handle: () => Promise.resolve({ status: 200, body: {} }),
      },
    ];
    const loopback = await start({ routes });
    const raw = signed({ body: HEARTBEAT });
    const posted = signed({ method: 'POST', target: '/cluster/nodes' });
    await expectRefused(loopback, { ...posted, method: 'GET' }, 'bad_signature');
    await expectRefused(loopback, { ...raw, target: '/raft/request-vote' }, 'bad_signature');
    await expectRefused(loopback, { ...raw, target: `${raw.target}?x=1` }, 'bad_signature');
    const other_type = withHeader(raw, 'content-type', () => 'text/plain');
    await expectRefused(loopback, other_type, 'bad_signature');
    const cut = withHeader(raw, 'x-cluster-signature', (text) => text.slice(2));
    await expectRefused(loopback, cut, 'bad_signature');
    const flipped = withHeader(raw, 'x-cluster-signature', (text) =>
      text.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    );
    await expectRefused(loopback, flipped, 'bad_signature');
    const body = Buffer.from(HEARTBEAT);
    body.writeUInt8(9, 2);
    await expectRefused(loopback, { ...raw, body }, 'body_hash');
  });

  test('replayed: the same bytes a second time, or after the window has passed them', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    expect((await sendRaw(loopback.address, raw)).status).toBe(200);
    await expectRefused(loopback, raw, 'replayed');
    const late = signed({ body: HEARTBEAT, envelope: { counter: 10 } });
    const far = signed({ body: HEARTBEAT, envelope: { counter: 10 + limits.rpc_replay_window } });
    expect((await sendRaw(loopback.address, far)).status).toBe(200);
    await expectRefused(loopback, late, 'replayed');
  });

  test('a bad signature does not move the window', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    const forged = withHeader(raw, 'x-cluster-signature', () => '0'.repeat(64));
    await expectRefused(loopback, forged, 'bad_signature');
    expect((await sendRaw(loopback.address, raw)).status).toBe(200);
  });

  test('stale: too old, or from a future beyond the skew', async () => {
    const now_ms = 1_800_000_000_000;
    const loopback = await start({ nowMs: () => now_ms });
    const at = (timestamp_ms: number): RawRequest =>
      signed({ body: HEARTBEAT, envelope: { timestamp_ms } });
    await expectRefused(loopback, at(now_ms - SKEW_MS - 1), 'stale');
    await expectRefused(loopback, at(now_ms + SKEW_MS + 1), 'stale');
    expect((await sendRaw(loopback.address, at(now_ms - SKEW_MS))).status).toBe(200);
    expect((await sendRaw(loopback.address, at(now_ms + SKEW_MS))).status).toBe(200);
  });

  test('when the wall clock jumps back, new senders are heard as always, and replays are known', async () => {
    let wall_ms = 1_800_000_000_000;
    let monotonic_ms = 0;
    const loopback = await start({ nowMs: () => wall_ms, monotonicMs: () => monotonic_ms });
    const from = (boot: number, timestamp_ms: number): RawRequest =>
      signed({ body: HEARTBEAT, envelope: { source_boot_id: `boot-of-${boot}`, timestamp_ms } });
    const first = from(0, wall_ms);
    expect((await sendRaw(loopback.address, first)).status).toBe(200);
    for (let boot = 1; boot < limits.rpc_replay_senders_max; boot += 1) {
      expect((await sendRaw(loopback.address, from(boot, wall_ms))).status).toBe(200);
    }
    const hour_ms = 3_600_000;
    const told_ms = wall_ms + SKEW_MS + 1;
    wall_ms = told_ms - hour_ms;
    monotonic_ms += SKEW_MS + 1;
    expect((await sendRaw(loopback.address, from(-1, told_ms))).status).toBe(200);
    // By the wall clock this one becomes recent again.
    monotonic_ms += hour_ms - SKEW_MS - 1;
    wall_ms += hour_ms - SKEW_MS - 1;
    await expectRefused(loopback, first, 'stale');
  });

  test('misdirected: another cluster, node, storage or boot', async () => {
    const loopback = await start();
    const with_ = (envelope: object): RawRequest => signed({ body: HEARTBEAT, envelope });
    await expectRefused(loopback, with_({ cluster_id: 'cluster-2' }), 'wrong_cluster');
    const node = { ...ANSWERER, node_id: 'agenda-3' };
    await expectRefused(loopback, with_({ destination: node }), 'wrong_destination');
    const wiped = { ...ANSWERER, storage_id: 'storage-9' };
    await expectRefused(loopback, with_({ destination: wiped }), 'wrong_destination');
    await expectRefused(loopback, with_({ destination_boot_id: 'boot-9' }), 'wrong_boot');
  });

  test('a Raft message names cluster, destination and boot, all of them', async () => {
    const loopback = await start();
    const with_ = (envelope: object): RawRequest => signed({ body: HEARTBEAT, envelope });
    await expectRefused(loopback, with_({ cluster_id: '' }), 'wrong_cluster');
    const nobody = { destination: null, destination_boot_id: '' };
    await expectRefused(loopback, with_(nobody), 'wrong_destination');
    // Signed without it, the request could be replayed to the next boot.
    await expectRefused(loopback, with_({ destination_boot_id: '' }), 'wrong_boot');
    const outside = await start({ identity: identityOf(ANSWERER, 'boot-2', null) });
    await expectRefused(outside, with_({}), 'wrong_cluster');
  });

  test('a sender that a promise excludes is refused', async () => {
    const asked: string[] = [];
    const loopback = await start({
      acceptsFrom: (from, message) => {
        asked.push(`${from.node_id} ${message.kind}`);
        return false;
      },
    });
    await expectRefused(loopback, signed({ body: HEARTBEAT }), 'wrong_cluster');
    expect(asked).toEqual(['agenda-1 heartbeat']);
  });

  test('strangers are heard on the calls that accept them, and on no other', async () => {
    const heard: string[] = [];
    const route = (path: string, accepts_strangers: boolean) => ({
      format: 'json' as const,
      method: 'POST' as const,
      path,
      accepts_strangers,
      handle: () => {
        heard.push(path);
        return Promise.resolve({ status: 200, body: {} });
      },
    });
    const loopback = await start({
      routes: [route('/cluster/identify', true), route('/cluster/leave', false)],
    });
    const envelope = { cluster_id: '', destination: null, destination_boot_id: '', group_id: '' };
    const stranger = (target: string): RawRequest => signed({ target, envelope });
    expect((await sendRaw(loopback.address, stranger('/cluster/identify'))).status).toBe(200);
    await expectRefused(loopback, stranger('/cluster/leave'), 'wrong_cluster');
    // Knowing a cluster or a boot, a sender is held to it even there.
    const elsewhere = { ...envelope, cluster_id: 'cluster-2' };
    const other = signed({ target: '/cluster/identify', envelope: elsewhere });
    await expectRefused(loopback, other, 'wrong_cluster');
    const old_boot = signed({
      target: '/cluster/identify',
      envelope: { destination_boot_id: 'b' },
    });
    await expectRefused(loopback, old_boot, 'wrong_boot');
    expect(heard).toEqual(['/cluster/identify']);
  });

  test('overloaded: more senders than can be remembered', async () => {
    const loopback = await start();
    for (let boot = 0; boot < limits.rpc_replay_senders_max; boot += 1) {
      const envelope = { source_boot_id: `sender-${boot}` };
      const response = await sendRaw(loopback.address, signed({ body: HEARTBEAT, envelope }));
      expect(response.status).toBe(200);
    }
    const newcomer = signed({ body: HEARTBEAT, envelope: { source_boot_id: 'newcomer' } });
    await expectRefused(loopback, newcomer, 'overloaded');
  });

  test('a secret is rotated: the previous one is accepted while it is in the ring', async () => {
    const next = 'the next secret of the cluster, long';
    const between = await start({ keyring: createKeyring([next, SECRET]) });
    expect((await sendRaw(between.address, signed({ body: HEARTBEAT }))).status).toBe(200);
    const keyring = createKeyring([next]);
    const response = await sendRaw(between.address, signed({ keyring, body: HEARTBEAT }));
    expect(response.status).toBe(200);
    const after = await start({ keyring });
    await expectRefused(after, signed({ body: HEARTBEAT }), 'unknown_key');
  });

  test('what deliver rejects is a signed 503, what a handler throws a signed 500; both are told', async () => {
    const failure = new Error('stopping');
    const loopback = await start({
      deliver: () => Promise.reject(failure),
      routes: [
        {
          format: 'binary',
          method: 'POST',
          path: '/cluster/promise',
          accepts_strangers: true,
          handle: () => Promise.reject(failure),
        },
      ],
    });
    const delivered = await sendRaw(loopback.address, signed({ body: HEARTBEAT }));
    expect(delivered.status).toBe(503);
    const handled = await sendRaw(loopback.address, signed({ target: '/cluster/promise' }));
    expect(handled.status).toBe(500);
    expect(handled.body).not.toContain('stopping');
    expect(loopback.failures).toEqual([failure, failure]);
  });

  test('a well-formed request id of a refused request is kept, another is replaced', async () => {
    const loopback = await start();
    const unsigned = { method: 'POST', target: '/raft/request-vote', body: Buffer.alloc(0) };
    const kept = await sendRaw(loopback.address, {
      ...unsigned,
      headers: { 'x-request-id': 'abc-1' },
    });
    expect(kept.headers['x-request-id']).toBe('abc-1');
    const replaced = await sendRaw(loopback.address, {
      ...unsigned,
      headers: { 'x-request-id': 'a b' },
    });
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
