import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ApiDescription } from '../support/api-description.ts';
import { People } from './appointments/people.ts';
import { audit_token, FakeApis, good_password, meeting, registration } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

let apis: FakeApis;
let description: ApiDescription;
/** `METHOD path status` of every answer that was compared with the description. */
let seen: Set<string>;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  description = await ApiDescription.read(apis.node(0).origin);
  seen = new Set();
});
afterEach(() => apis.stop());

type Options = Parameters<FakeApis['call']>[2] & {
  readonly id?: string;
  readonly pid?: string;
  readonly user_id?: string;
};

/** Calls an operation and holds its answer against the description. */
async function ask(line: string, options: Options = {}, query = ''): Promise<Reply> {
  const [method = '', path = ''] = line.split(' ');
  const { id = '', pid = '', user_id = '', ...rest } = options;
  const address = path.replace('{id}', id).replace('{pid}', pid).replace('{user_id}', user_id);
  const reply = await apis.call(method, address + query, rest);
  const operation = description.operations.find(
    (described) => described.method === method && described.path === path,
  );
  if (operation === undefined) throw new Error(`${line} is not described`);
  const complaint = description.complaintAbout(operation, {
    status: reply.status,
    header: (name) => reply.headers.get(name),
    text: reply.text,
  });
  expect([line, reply.status, complaint]).toEqual([line, reply.status, null]);
  seen.add(`${line} ${reply.status}`);
  return reply;
}

const range = '?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z';

async function askForAppointments(token: string): Promise<void> {
  const made = await ask('POST /api/appointments', { token, body: meeting(9) });
  const id = String(made.body['id']);
  const one = { token, id };
  const days = { all_day: true, start: '2027-01-20', end: '2027-01-22' };
  await ask('POST /api/appointments', { token, body: { title: 'Days', ...days } });
  await ask('PUT /api/appointments/{id}', { ...one, body: meeting(10) });
  await ask('PATCH /api/appointments/{id}', { ...one, body: { description: 'More' } });
  await ask('GET /api/appointments/{id}', one);
  await ask('GET /api/appointments/{id}/participants', one);
  await ask('GET /api/appointments/{id}/my-status', one);
  await ask('GET /api/agenda', { token }, `${range}&limit=1&consistency=local`);
  await ask('GET /api/search', { token }, '?query=meeting');
  await ask('DELETE /api/appointments/{id}', one);
  await ask('POST /api/appointments/{id}/restore', one);
}

/** Ana's meeting, in a group in which Max is below her, with Pia. */
async function meet(token: string) {
  const people = new People(apis);
  const [pia, max] = await people.registerAll('pia', 'max');
  const [owner] = apis.state.users.values();
  const ana = { name: 'ana', token, key: owner?.key ?? 0, id: '' };
  const group = people.group(ana, 'hierarchical', [[max, 1]]);
  const body = meeting(9, { group_id: group.id, participants: [{ username: 'pia' }] });
  const made = await ask('POST /api/appointments', { token, body });
  const { id } = made.body['appointment'] as { id: string };
  return { people, pia, max, group, id };
}

const ONE = 'POST /api/appointments/{id}';

async function askForMeeting(token: string): Promise<void> {
  const { people, pia, max, group, id } = await meet(token);
  const { start, end } = meeting(12);
  const proposed = { token: pia.token, id, body: { start, end, note: 'Later' } };
  for (const judgement of ['reject', 'accept']) {
    const { body: proposal } = await ask(`${ONE}/proposals`, proposed);
    const pid = String(proposal['id']);
    await ask('GET /api/appointments/{id}/proposals/{pid}', { token, id, pid });
    await ask(`${ONE}/proposals/{pid}/${judgement}`, { token, id, pid });
  }
  await ask(`${ONE}/accept`, { token: pia.token, id, body: { note: 'Yes' } });
  await ask(`${ONE}/reject`, { token: pia.token, id });
  await ask(`${ONE}/objection`, { token: max.token, id, body: { note: 'No' } });
  await ask(`${ONE}/objection`, { token: max.token, id, body: { note: 'No' } });
  await ask(`${ONE}/participants/{user_id}/release`, { token, id, user_id: max.id });
  await ask('GET /api/appointments/{id}', { token, id });
  for (const list of ['participants', 'proposals', 'objections']) {
    await ask(`GET /api/appointments/{id}/${list}`, { token, id }, '?limit=1');
  }
  await people.book(max, 15);
  const include = `${range}&include=busy,cancelled&limit=1`;
  await ask('GET /api/groups/{id}/agenda', { token, id: group.id }, range);
  await ask('GET /api/groups/{id}/agenda', { token, id: group.id }, include);
}

async function askForGroups(token: string): Promise<void> {
  const other = await apis.register('ben');
  const made = await ask('POST /api/groups', {
    token,
    body: { name: 'Team', group_type: 'hierarchical' },
  });
  const id = String(made.body['id']);
  const one = { token, id };
  await ask('PUT /api/groups/{id}', { ...one, body: { name: 'The team' } });
  const body = { username: 'ben', rank: 1 };
  const added = await ask('POST /api/groups/{id}/members', { ...one, body });
  const member = { ...one, user_id: String(added.body['user_id']) };
  await ask('PUT /api/groups/{id}/members/{user_id}', { ...member, body: { rank: 2 } });
  await ask('GET /api/groups', { token }, '?limit=1');
  await ask('GET /api/groups/{id}', one);
  const { user_id } = member;
  await ask('PUT /api/groups/{id}/creator', { ...one, body: { user_id } });
  await ask('DELETE /api/groups/{id}/members/{user_id}', { ...one, user_id });
  const to_group = { content: 'To the group', group_id: id };
  const said = await ask('POST /api/posts', { token, body: to_group });
  await ask('POST /api/posts', { token: other, body: { content: 'To all' } });
  await ask('GET /api/posts', { token }, '?limit=1');
  await ask('GET /api/posts/{id}', { token, id: String(said.body['id']) });
  await ask('DELETE /api/posts/{id}', { token, id: String(said.body['id']) });
  await ask('DELETE /api/groups/{id}', one);
  await ask('GET /api/notifications', { token: other }, '?limit=1');
  const unread = await ask('GET /api/notifications/unread', { token: other });
  const [first] = unread.body['items'] as { id: string }[];
  await ask('POST /api/notifications/{id}/read', { token: other, id: first?.id ?? '' });
  await ask('POST /api/notifications/read-all', { token: other });
}

async function askForViews(token: string): Promise<void> {
  const headers = { 'x-audit-token': audit_token };
  apis.node(0).replica.peers = [
    { node_id: 'agenda-2', match_index: 2, applied_index: 1, last_contact_ms: 20.5 },
  ];
  for (const path of [
    '/cluster/status',
    '/leaders',
    '/raft/state',
    '/raft/log/summary',
    '/raft/health',
  ]) {
    await ask(`GET ${path}`, { headers });
    await ask(`GET ${path}`, { token, at: 1 });
  }
  await ask('GET /api/admin/audit/logs', { token, headers });
  for (const path of ['/', '/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/ui/']) {
    await ask(`GET ${path}`);
  }
}

async function askForPeople(): Promise<void> {
  const token = await apis.register('carla');
  await ask('POST /api/auth/signup', { body: registration('dora') });
  for (const path of ['/login', '/api/auth/login']) {
    await ask(`POST ${path}`, { body: { username: 'carla', password: good_password } });
  }
  await ask('GET /api/me', { token });
  await ask('GET /api/auth/me', { token });
  await ask('POST /api/ws-ticket', { token });
  await ask('GET /api/users/search', { token }, '?query=a&limit=1');
  await ask('PUT /api/me/profile', { token, body: { locale: 'es-es', time_zone: 'UTC' } });
  const passwords = { current_password: good_password, new_password: `${good_password}!` };
  const changed = await ask('PUT /api/me/password', { token, body: passwords });
  await ask('POST /api/auth/logout', { token: String(changed.body['token']) });
}

test('every success of every operation is as the description says', async () => {
  const registered = await ask('POST /register', { body: registration('ana') });
  const token = String(registered.body['token']);
  await askForAppointments(token);
  await askForMeeting(token);
  await askForGroups(token);
  await askForPeople();
  await askForViews(token);
  const described = description.operations.flatMap(({ method, path, statuses }) =>
    statuses
      .filter((status) => status < 300 || status === 302)
      .map((status) => `${method} ${path} ${status}`),
  );
  expect([...seen].toSorted()).toEqual(described.toSorted());
});

describe('a refusal is as the description says', () => {
  test('where there is nothing, where it is not allowed, where it is wrong', async () => {
    const token = await apis.register('ana');
    const ids = { id: 'apt_00zzz', pid: 'prp_00zzz', user_id: 'usr_00zzz' };
    for (const { method, path, parameters, body, is_public } of description.operations) {
      if (path.startsWith('/ui') || !path.startsWith('/api') || is_public) continue;
      const line = `${method} ${path}`;
      await ask(line, { ...ids, ...(body === null ? {} : { body: {} }) });
      await ask(line, { ...ids, token, ...(body === null ? {} : { body: { colour: 1 } }) }, '?a=b');
      const required = parameters.some((one) => one.in === 'query' && one.required);
      if (path.includes('{id}') && !required) {
        await ask(line, { ...ids, token, ...(body === null ? {} : { body: meeting(9) }) });
      }
    }
  });

  test('of a conflict, with what is overlapped', async () => {
    const token = await apis.register('ana');
    await ask('POST /api/appointments', { token, body: meeting(9) });
    const refused = await ask('POST /api/appointments', { token, body: meeting(9) });
    expect(refused.body).toMatchObject({ code: 'conflict', overlaps: [expect.anything()] });
    const headers = { 'if-match': '"7"' };
    const [overlap] = refused.body['overlaps'] as { id: string }[];
    const id = overlap?.id ?? '';
    await ask('DELETE /api/appointments/{id}', { token, id, headers });
    await ask('POST /api/appointments', { token, body: meeting(12, { rrule: 'FREQ=DAILY' }) });
    await ask('POST /api/appointments', { token, raw: 'x'.repeat(300_000) });
  });

  test('of an answer: imposed, and stale', async () => {
    const token = await apis.register('ana');
    const { pia, max, id } = await meet(token);
    const imposed = await ask(`${ONE}/reject`, { token: max.token, id });
    await ask('PATCH /api/appointments/{id}', { token, id, body: { end: '2027-01-15T11:00:00Z' } });
    const stale = await ask(`${ONE}/accept`, { token: pia.token, id, body: { sequence: 0 } });
    expect([imposed.body['code'], stale.body['code']]).toEqual(['imposed', 'stale']);
  });

  test('that is given at a follower: where the leader is', async () => {
    const token = await apis.register('ana');
    const sent = { at: 1, token, body: meeting(9) };
    const redirected = await ask('POST /api/appointments', sent);
    expect(redirected.status).toBe(307);
    const headers = { 'agenda-routing': 'forward' };
    const forwarded = await ask('POST /api/appointments', { ...sent, headers });
    expect(forwarded.status).toBe(201);
  });

  test('without a majority, without a leader, and when the outcome is not known', async () => {
    const token = await apis.register('ana');
    const { replica } = apis.node(0);
    replica.has_quorum = false;
    expect((await ask('GET /api/me', { token })).status).toBe(503);
    replica.next_result = { kind: 'unknown' };
    expect((await ask('POST /api/auth/logout', { token })).status).toBe(504);
    replica.next_result = { kind: 'not_proposed', reason: 'overloaded' };
    expect((await ask('POST /api/auth/logout', { token })).status).toBe(503);
    apis.state.leader_id = null;
    expect((await ask('POST /register', { body: registration('eva') })).status).toBe(503);
  });
});

test('an answer with something that is not described would be found', async () => {
  const operation = description.operations.find(({ path }) => path === '/health');
  if (operation === undefined) throw new Error('/health is not described');
  const reply = await apis.call('GET', '/health');
  const answer = { status: 200, header: (name: string) => reply.headers.get(name) };
  const complaintAbout = (body: object): string | null =>
    description.complaintAbout(operation, { ...answer, text: JSON.stringify(body) });
  expect(complaintAbout(reply.body)).toBeNull();
  expect(complaintAbout({ ...reply.body, more: 1 })).toContain('additional properties');
  expect(complaintAbout({ ...reply.body, term: -1 })).toContain('/term');
  const { role: _role, ...rest } = reply.body;
  expect(complaintAbout(rest)).toContain('role');
});
