import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { apiRoutes } from '../../src/http/api-routes.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { Route } from '../../src/http/route.ts';
import type { ApiServices } from '../../src/http/services.ts';
import { FakeApis, good_password, meeting, registration } from './api-fixture.ts';
import { People } from './appointments/people.ts';
import type { Person } from './appointments/people.ts';
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

test('every POST, PUT, PATCH, DELETE is routed to the leader, but the log-ins and /api/ws-ticket', () => {
  const of = (kind: Route['kind'], is_get: boolean): string[] =>
    routes()
      .filter((route) => route.kind === kind && (route.method === 'GET') === is_get)
      .map(lineOf);
  expect(of('write', true)).toEqual([]);
  expect(of('read', false)).toEqual([]);
  expect(of('probe', false)).toEqual([]);
  expect(of('local', false)).toEqual([
    'POST /login',
    'POST /api/auth/login',
    'POST /api/ws-ticket',
  ]);
});

test('what answers from the replica itself, and never needs a majority', () => {
  const own = routes().filter((route) => route.kind === 'local' || route.kind === 'probe');
  const expected = [
    'POST /login',
    'POST /api/auth/login',
    'POST /api/ws-ticket',
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

function times(hour: number) {
  const { start, end } = meeting(hour);
  return { start, end };
}

/**
 * What each write of the table is sent, so that it succeeds: names stand for the ids of what is there by
 * then. What is deleted goes last. Who sends it is Ana, unless it is somebody on her appointment.
 */
const writes: readonly (readonly [string, unknown, ('ben' | 'max')?])[] = [
  ['POST /api/appointments/:id/accept', { note: 'Yes' }, 'ben'],
  ['POST /api/appointments/:id/reject', { sequence: 0 }, 'ben'],
  ['POST /api/appointments/:id/objection', { note: 'No' }, 'max'],
  ['POST /api/appointments/:id/proposals/:pid/reject', undefined],
  ['POST /api/appointments/:id/proposals', times(15), 'ben'],
  ['POST /api/appointments/:id/proposals/:pid/accept', undefined],
  ['POST /api/appointments/:id/participants/:user_id/release', undefined],
  ['POST /api/groups', { name: 'Team', group_type: 'hierarchical' }],
  ['PUT /api/groups/:id', { name: 'The team' }],
  ['POST /api/groups/:id/members', { username: 'ben', rank: 5 }],
  ['PUT /api/groups/:id/members/:user_id', { rank: 6 }],
  ['PUT /api/groups/:id/creator', { user_id: ':user_id' }],
  ['DELETE /api/groups/:id/members/:user_id', undefined],
  ['POST /api/posts', { content: 'Hello' }],
  ['DELETE /api/posts/:id', undefined],
  ['DELETE /api/groups/:id', undefined],
  ['POST /api/notifications/:id/read', undefined],
  ['POST /api/notifications/read-all', undefined],
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

/** Ana's appointment with Ben, who proposed another time, and Max, who is placed and did so too. */
async function meetingOfThree() {
  const people = new People(apis);
  const [ben, max] = await people.registerAll('ben', 'max');
  const [owner] = apis.state.users.values();
  const ana = { name: 'ana', token, key: owner?.key ?? 0, id: '' };
  const group = people.group(ana, 'hierarchical', [[max, 1]]);
  const participants = [{ username: 'ben' }];
  const path = await people.book(ana, 9, { group_id: group.id, participants });
  const propose = async (by: Person, hour: number): Promise<string> =>
    String((await people.call(by, 'POST', `${path}/proposals`, times(hour))).body['id']);
  const ids = [
    ['appointments', path.split('/').at(-1) ?? ''],
    ['placed', max.id],
    ['accept', await propose(max, 14)],
    ['reject', await propose(ben, 13)],
  ] as const;
  return { ben: ben.token, max: max.token, ids };
}

/** An id of each collection: of what Ana may change, and of Ben. */
async function somethingOfEach(ben: string): Promise<ReadonlyMap<string, string>> {
  const create = async (path: string, body: unknown, as = token): Promise<string> => {
    const made = await apis.call('POST', path, { token: as, body });
    expect([path, made.status]).toEqual([path, 201]);
    return String(made.body['id'] ?? made.body['user_id']);
  };
  const other = await create('/api/groups', { name: 'Other', group_type: 'non_hierarchical' }, ben);
  await create(`/api/groups/${other}/members`, { username: 'ana' }, ben);
  const told = await apis.call('GET', '/api/notifications', { token });
  const [notification] = told.body['items'] as { id: string; payload: { actor_id: string } }[];
  return new Map([
    ['groups', await create('/api/groups', { name: 'Mine', group_type: 'hierarchical' })],
    ['posts', await create('/api/posts', { content: 'Mine' })],
    ['notifications', notification?.id ?? ''],
    ['users', notification?.payload.actor_id ?? ''],
  ]);
}

test('Idempotency-Key on every write: the same key and body give the same answer again', async () => {
  const all = routes().filter((route) => route.kind === 'write');
  expect(writes.map(([line]) => line).toSorted()).toEqual(all.map(lineOf).toSorted());
  const { ben, max, ids: ids_of_meeting } = await meetingOfThree();
  const ids = new Map([...(await somethingOfEach(ben)), ...ids_of_meeting]);
  for (const [line, sent, by] of writes) {
    const [method = '', template = ''] = line.split(' ');
    const [, , collection = '', ...more] = template.split('/');
    const path = template
      .replace(':id', ids.get(collection) ?? '')
      .replace(':pid', ids.get(more.at(-1) ?? '') ?? '')
      .replace(':user_id', ids.get(more.at(-1) === 'release' ? 'placed' : 'users') ?? '');
    const body: unknown =
      sent === undefined
        ? undefined
        : JSON.parse(JSON.stringify(sent).replace(':user_id', ids.get('users') ?? ''));
    const headers = { 'idempotency-key': line };
    const { access } = all.find((route) => lineOf(route) === line) ?? {};
    const sender = by === undefined ? token : { ben, max }[by];
    const options = { body, headers, ...(access === 'public' ? {} : { token: sender }) };
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
