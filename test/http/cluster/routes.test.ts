import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { audit_token, FakeApis } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(3);
  token = await apis.register('ana');
  for (const { replica } of apis.nodes) replica.has_quorum = false;
});
afterEach(() => apis.stop());

const operator = { 'x-audit-token': audit_token };
const views = ['/cluster/status', '/leaders', '/raft/state', '/raft/log/summary', '/raft/health'];

test('the views open to a JWT or X-Audit-Token, without a majority, and to nobody else', async () => {
  for (const view of views) {
    expect((await apis.call('GET', view, { headers: operator })).status).toBe(200);
    expect((await apis.call('GET', view, { token })).status).toBe(200);
    expect((await apis.call('GET', view)).status).toBe(401);
    const wrong = await apis.call('GET', view, { headers: { 'x-audit-token': 'wrong' } });
    expect([wrong.status, wrong.body['code']]).toEqual([401, 'unauthenticated']);
  }
});

test('without AUDIT_API_TOKEN only a token opens them', async () => {
  await apis.stop();
  const secrets = {
    jwt: Buffer.alloc(32, 1),
    ticket: Buffer.alloc(32, 2),
    live_ticket: Buffer.alloc(32, 4),
    request_key: Buffer.alloc(32, 3),
    cursor: Buffer.alloc(32, 4),
    audit_token: null,
  };
  apis = await FakeApis.start(1, { secrets });
  for (const given of ['', 'null', audit_token]) {
    const reply = await apis.call('GET', '/leaders', { headers: { 'x-audit-token': given } });
    expect(reply.status).toBe(401);
  }
});

test('GET /cluster/status on the leader', async () => {
  apis.node(0).replica.peers = [
    { node_id: 'agenda-2', match_index: 2, applied_index: 1, last_contact_ms: 20 },
    { node_id: 'agenda-3', match_index: 0, applied_index: 0, last_contact_ms: 31_000 },
  ];
  const { body } = await apis.call('GET', '/cluster/status', { headers: operator });
  const leader = apis.node(0).origin;
  expect(body).toEqual({
    current_node_id: 'agenda-1',
    current_role: 'leader',
    leader_id: 'agenda-1',
    leader_address: leader,
    total_nodes: 3,
    group: 'main',
    cluster_id: 'cluster-of-this-test',
    term: 3,
    commit_index: 2,
    applied_index: 2,
    quorum_margin: 0,
    nodes: [
      {
        id: 'agenda-1',
        address: leader,
        role: 'leader',
        is_leader: true,
        healthy: true,
        voter: true,
        term: 3,
        commit_index: 2,
        applied_index: 2,
        lag: 0,
        last_contact_ms: 0,
      },
      {
        id: 'agenda-2',
        address: apis.node(1).origin,
        role: 'follower',
        is_leader: false,
        healthy: true,
        voter: true,
        term: 3,
        commit_index: 2,
        applied_index: 1,
        lag: 1,
        last_contact_ms: 20,
      },
      expect.objectContaining({ id: 'agenda-3', healthy: false, lag: 2, last_contact_ms: 31_000 }),
    ],
  });
});

test('GET /cluster/status on a follower tells what the address book knows', async () => {
  const { body } = await apis.call('GET', '/cluster/status', { at: 1, headers: operator });
  expect(body).toMatchObject({
    current_node_id: 'agenda-2',
    current_role: 'follower',
    leader_id: 'agenda-1',
    leader_address: apis.node(0).origin,
    total_nodes: 3,
  });
  expect((body['nodes'] as object[])[2]).toMatchObject({
    id: 'agenda-3',
    healthy: true,
    applied_index: null,
    lag: null,
    last_contact_ms: 5,
  });
});

test('healthy = heard within 30 s', async () => {
  const heard = [0, 29_999, 30_000, 30_001, null];
  for (const last_contact_ms of heard) {
    apis.node(0).replica.peers = [
      { node_id: 'agenda-2', match_index: 2, applied_index: 2, last_contact_ms },
    ];
    apis.addresses = apis.addresses.map((address) => ({ ...address, last_seen_ms: null }));
    const { body } = await apis.call('GET', '/cluster/status', { headers: operator });
    const [, node] = body['nodes'] as { healthy: boolean; last_contact_ms: number | null }[];
    expect(node).toMatchObject({
      healthy: last_contact_ms !== null && last_contact_ms <= 30_000,
      last_contact_ms,
    });
  }
});

test('total_nodes counts the members of the configuration, whoever else is known', async () => {
  const [known] = apis.addresses;
  if (known === undefined) throw new Error('no address is known');
  apis.addresses.push({ ...known, node_id: 'agenda-9' });
  const { body } = await apis.call('GET', '/cluster/status', { headers: operator });
  expect([body['total_nodes'], (body['nodes'] as object[]).length]).toEqual([3, 3]);
});

test('GET /leaders, /raft/state, /raft/log/summary, /raft/health', async () => {
  const read = async (path: string) =>
    (await apis.call('GET', path, { at: 1, headers: operator })).body;
  const nodes = ['agenda-1', 'agenda-2', 'agenda-3'];
  expect(await read('/leaders')).toEqual({
    main: {
      leader: apis.node(0).origin,
      leader_id: 'agenda-1',
      term: 3,
      nodes,
      status: 'ok',
    },
  });
  const state = {
    node_id: 'agenda-2',
    group: 'main',
    role: 'follower',
    term: 3,
    leader_id: 'agenda-1',
    commit_index: 2,
    applied_index: 2,
    last_index: 2,
    digest: 'd1ge57',
    voters: nodes,
    learners: [],
  };
  expect(await read('/raft/state')).toEqual(state);
  expect(await read('/raft/state?group=main')).toEqual(state);
  expect(await read('/raft/state?group=other')).toMatchObject({ status: 404, code: 'not_found' });
  expect(await read('/raft/log/summary')).toEqual({
    node_id: 'agenda-2',
    role: 'follower',
    last_index: 2,
    last_term: 3,
    commit_index: 2,
    first_index: 1,
    snapshot_index: 0,
  });
  const health = { status: 'ok', is_leader: false, leader_id: 'agenda-1', term: 3 };
  expect(await read('/raft/health')).toEqual(health);
  apis.state.leader_id = null;
  const none = { ...health, status: 'no_leader', leader_id: null };
  expect(await read('/raft/health')).toEqual(none);
});

test('probes are open, ignore what is added to them, and name no person', async () => {
  const health = await apis.call('GET', '/health?x=1', { at: 1 });
  expect([health.status, health.body]).toEqual([
    200,
    {
      status: 'ok',
      node_id: 'agenda-2',
      role: 'follower',
      leader_id: 'agenda-1',
      term: 3,
      groups: ['main'],
    },
  ]);
  for (const probe of ['/livez', '/readyz']) {
    expect((await apis.call('GET', probe)).body).toEqual({ status: 'ok' });
  }
});

test('/health /livez /readyz /metrics /openapi.json /ui/ name no person', async () => {
  await apis.register('zebedee');
  await apis.call('GET', '/api/me?consistency=local', { token });
  for (const path of ['/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/ui/']) {
    const { status, text } = await apis.call('GET', path);
    expect([path, status]).toEqual([path, 200]);
    expect(text).not.toMatch(/zebedee|usr_00|The ana/);
  }
});

test('a probe that fails says why', async () => {
  await apis.stop();
  apis = await FakeApis.start(1, {
    liveness: () => Promise.resolve('The data directory cannot be written.'),
    readiness: () => ({ ready: false, code: 'no_leader', reason: 'There is no leader yet.' }),
  });
  const live = await apis.call('GET', '/livez');
  expect([live.status, live.body['detail']]).toEqual([
    500,
    'The data directory cannot be written.',
  ]);
  const ready = await apis.call('GET', '/readyz');
  expect([ready.status, ready.body['code']]).toEqual([503, 'no_leader']);
  expect(ready.headers.get('retry-after')).not.toBeNull();
});

test('GET /metrics has Raft, HTTP by route template, and the event loop', async () => {
  await apis.call('GET', '/api/appointments/apt_001', { token });
  await apis.call('GET', '/nowhere/ana');
  const { text, headers } = await apis.call('GET', '/metrics');
  expect(headers.get('content-type')).toContain('text/plain');
  for (const line of [
    'agenda_raft_is_leader{group="main"} 1',
    'agenda_raft_has_leader{group="main"} 1',
    'agenda_raft_term{group="main"} 3',
    'agenda_raft_commit_index{group="main"} 2',
    'agenda_raft_read_index_failed_total{group="main"} 1',
    'agenda_raft_proposals_failed_total{group="main"} 0',
    'agenda_event_loop_lag_seconds{quantile="0.99"}',
    'agenda_build_info{version="0"',
    'agenda_http_request_duration_seconds_count{method="GET",route="/api/appointments/:id",status_class="5xx"} 1',
    'agenda_http_request_duration_seconds_count{method="GET",route="unmatched",status_class="4xx"} 1',
    'process_cpu_user_seconds_total',
  ]) {
    expect(text).toContain(line);
  }
  // Without a look at the loop of its own, prom-client says nothing of its quantiles.
  expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds');
  expect(text).not.toContain('apt_001');
  expect(text).not.toContain('ana"');
});
