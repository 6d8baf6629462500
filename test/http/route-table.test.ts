import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { apiRoutes } from '../../src/http/api-routes.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { Route } from '../../src/http/route.ts';
import type { ApiServices } from '../../src/http/services.ts';
import { FakeApis, good_password, meeting, registration } from './api-fixture.ts';
import { FakeReplica, FakeState } from './fake-replica.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

/** The lines of the table, without anything that could serve them. */
function routes(): readonly Route[] {
  const replica = new FakeReplica('agenda-1', new FakeState(['agenda-1']));
  const metrics = createMetrics({ status: () => replica.status(), group_id: 'main', version: '0' });
  const services = { replica, metrics, version: '0' } as unknown as ApiServices;
  return apiRoutes(services).flatMap((section) => section.routes);
}

const lineOf = ({ method, path }: Route): string => `${method} ${path}`;

test('every POST, PUT, PATCH, DELETE is routed to the leader, but the log-ins', () => {
  const of = (kind: Route['kind'], is_get: boolean): string[] =>
    routes()
      .filter((route) => route.kind === kind && (route.method === 'GET') === is_get)
      .map(lineOf);
  expect(of('write', true)).toEqual([]);
  expect(of('read', false)).toEqual([]);
  expect(of('probe', false)).toEqual([]);
  expect(of('local', false)).toEqual(['POST /login', 'POST /api/auth/login']);
});

test('what answers from the replica itself, and never needs a majority', () => {
  const own = routes().filter((route) => route.kind === 'local' || route.kind === 'probe');
  const expected = [
    'POST /login',
    'POST /api/auth/login',
    'GET /cluster/status',
    'GET /leaders',
    'GET /raft/log/summary',
    'GET /raft/health',
    'GET /raft/state',
    'GET /',
    'GET /health',
    'GET /livez',
    'GET /readyz',
    'GET /metrics',
    'GET /openapi.json',
  ];
  expect(own.map(lineOf).toSorted()).toEqual(expected.toSorted());
});

/** What each write of the table is sent, so that it succeeds: the appointment is cancelled last. */
const writes: readonly (readonly [string, unknown])[] = [
  ['POST /api/appointments', meeting(11)],
  ['PUT /api/appointments/:id', meeting(12)],
  ['PATCH /api/appointments/:id', { title: 'Other' }],
  ['DELETE /api/appointments/:id', undefined],
  ['POST /api/appointments/:id/restore', undefined],
  ['POST /register', registration('eva')],
  ['POST /api/auth/signup', registration('dora')],
  ['PUT /api/me/profile', { locale: 'es' }],
  ['PUT /api/me/password', { current_password: good_password, new_password: `${good_password}!` }],
  ['POST /api/auth/logout', undefined],
];

test('Idempotency-Key on every write: the same key and body give the same answer again', async () => {
  const all = routes().filter((route) => route.kind === 'write');
  expect(writes.map(([line]) => line).toSorted()).toEqual(all.map(lineOf).toSorted());
  const made = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
  const id = String(made.body['id']);
  for (const [line, body] of writes) {
    const [method = '', template = ''] = line.split(' ');
    const path = template.replace(':id', id);
    const headers = { 'idempotency-key': line };
    const { access } = all.find((route) => lineOf(route) === line) ?? {};
    const options = { body, headers, ...(access === 'public' ? {} : { token }) };
    const first = await apis.call(method, path, options);
    expect([line, first.status < 300, first.body['code']]).toEqual([line, true, undefined]);
    expect([line, first.headers.get('agenda-index')]).toEqual([line, String(apis.state.index)]);
    const again = await apis.call(method, path, options);
    expect([line, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      line,
      first.status,
      'true',
    ]);
    for (const name of ['location', 'etag']) {
      expect([line, again.headers.get(name)]).toEqual([line, first.headers.get(name)]);
    }
    const { token: _first_token, ...shown } = first.body;
    const { token: fresh, ...shown_again } = again.body;
    expect(shown_again).toEqual(shown);
    if (line === 'PUT /api/me/password') token = String(fresh);
  }
});
