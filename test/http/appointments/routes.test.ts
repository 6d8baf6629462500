import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import type { ProposeResult } from '../../../src/replica/replica.ts';
import { FakeApis, meeting } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const create = (body: object, as = token) =>
  apis.call('POST', '/api/appointments', { token: as, body });

const shape = {
  id: expect.stringMatching(/^apt_00/),
  uid: expect.stringMatching(/^apt_00\w+@cluster-of-this-test$/),
  title: 'Meeting 9',
  description: '',
  owner_id: expect.stringMatching(/^usr_00/),
  group_id: null,
  calendar_id: expect.stringMatching(/^cal_00/),
  start: '2027-01-15T09:00:00Z',
  end: '2027-01-15T10:00:00Z',
  all_day: false,
  time_zone: 'UTC',
  privacy: 'full',
  busy: true,
  status: 'accepted',
  sequence: 0,
  version: 1,
  origin_node: 'agenda-1',
  created_at: expect.any(String),
  updated_at: expect.any(String),
  my_status: 'accepted',
};

test('creating a personal one answers 201 with it, Location, ETag and Agenda-Index', async () => {
  const reply = await create(meeting(9));
  expect(reply.status).toBe(201);
  expect(reply.body).toEqual(shape);
  expect(reply.headers.get('location')).toBe(`/api/appointments/${String(reply.body['id'])}`);
  expect(reply.headers.get('etag')).toBe('"1"');
  expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
});

test('what is given is kept; times come in any offset and fraction and go out in UTC', async () => {
  const given = {
    title: 'Cena',
    description: 'con\nvistas',
    time_zone: 'Europe/Madrid',
    privacy: 'freebusy',
    busy: false,
    calendar_id: String((await create(meeting(9))).body['calendar_id']),
    follow_group: false,
    group_id: null,
    participants: [],
    all_day: false,
  };
  const times = { start: '2027-01-15t20:30:00.123456+01:00', end: '2027-01-15T16:00:00.0-05:00' };
  const reply = await create({ ...given, ...times });
  expect(reply.status).toBe(201);
  const { follow_group: _follow, participants: _participants, ...kept } = given;
  expect(reply.body).toMatchObject({
    ...kept,
    start: '2027-01-15T19:30:00.123Z',
    end: '2027-01-15T21:00:00Z',
  });
});

test('an overlap is 409 conflict with what is overlapped, unless allow_conflict (false)', async () => {
  const first = await create(meeting(9));
  const refused = await create(meeting(9));
  expect([refused.status, refused.body['code']]).toEqual([409, 'conflict']);
  expect(refused.body['overlaps']).toEqual([
    {
      id: first.body['id'],
      title: 'Meeting 9',
      start: shape.start,
      end: shape.end,
      all_day: false,
    },
  ]);
  expect((await create(meeting(9, { allow_conflict: true }))).status).toBe(201);
});

test('calendar_id: one of nobody is 404', async () => {
  for (const calendar_id of ['cal_00zzz', 'anything']) {
    const reply = await create(meeting(9, { calendar_id }));
    expect([reply.status, reply.body['code']]).toEqual([404, 'not_found']);
  }
});

test('reading one by id is {appointment, participants}, its owner one; to others it is not there', async () => {
  const { body } = await create(meeting(9));
  const id = String(body['id']);
  const reply = await apis.call('GET', `/api/appointments/${id}`, { token });
  expect(reply.headers.get('etag')).toBe('"1"');
  expect(reply.body).toEqual({
    appointment: shape,
    participants: [
      {
        id: expect.stringMatching(/^par_00/),
        appointment_id: id,
        user_id: body['owner_id'],
        username: 'ana',
        display_name: 'The ana',
        status: 'accepted',
        is_optional: false,
        version: 1,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        has_conflict: false,
      },
    ],
  });
  const stranger = await apis.register('bruno');
  for (const [hidden, as] of [
    [id, stranger],
    ['apt_00zzz', token],
    ['usr_001', token],
  ] as const) {
    const refused = await apis.call('GET', `/api/appointments/${hidden}`, { token: as });
    expect([refused.status, refused.body['code']]).toEqual([404, 'not_found']);
  }
});

test('the agenda has what overlaps the range, by start then id, in pages when asked', async () => {
  for (const hour of [12, 9, 10]) await create(meeting(hour));
  await create(meeting(10, { title: 'Later id', allow_conflict: true }));
  const stranger = await apis.register('bruno');
  await create(meeting(9), stranger);
  const read = async (more: string) => {
    const range = 'start=2027-01-15T09:30:00Z&end=2027-01-15T12:00:00Z';
    return (await apis.call('GET', `/api/agenda?${range}${more}`, { token })).body;
  };
  const titles = (body: Record<string, unknown>): string[] =>
    (body['items'] as { title: string; my_status: string }[]).map((item) => item.title);

  const all = await read('');
  expect(titles(all)).toEqual(['Meeting 9', 'Meeting 10', 'Later id']);
  expect((all['items'] as object[])[0]).toEqual(shape);
  expect(all).not.toHaveProperty('next_cursor');
  expect(titles(await read('&include=declined,cancelled&limit=3'))).toHaveLength(3);

  const first = await read('&limit=2');
  expect(titles(first)).toEqual(['Meeting 9', 'Meeting 10']);
  const second = await read(`&limit=2&cursor=${String(first['next_cursor'])}`);
  expect(titles(second)).toEqual(['Later id']);
  expect(second).not.toHaveProperty('next_cursor');
});

test('start and end of an agenda are both required, and at most 5 years apart', async () => {
  await create(meeting(9));
  const read = async (start: string | null, end: string | null) => {
    const query = new URLSearchParams();
    if (start !== null) query.set('start', start);
    if (end !== null) query.set('end', end);
    const { status, body } = await apis.call('GET', `/api/agenda?${query.toString()}`, { token });
    const errors = (body['errors'] ?? []) as { field: string }[];
    return [status, ...errors.map((error) => error.field)];
  };
  const new_year = '2027-01-01T00:00:00Z';
  expect(await read(new_year, '2032-01-01T00:00:00Z')).toEqual([200]);
  expect(await read(new_year, '2032-01-01T00:00:00.001Z')).toEqual([400, 'end']);
  expect(await read('2028-02-29T00:00:00Z', '2033-03-01T00:00:00Z')).toEqual([200]);
  expect(await read(new_year, null)).toEqual([400, 'end']);
  expect(await read(null, new_year)).toEqual([400, 'start']);
  expect(await read(new_year, new_year)).toEqual([400, 'end']);
});

test('what is left out of an appointment takes its default: the zone is the person’s', async () => {
  const defaults = {
    description: '',
    all_day: false,
    time_zone: 'Europe/Madrid',
    privacy: 'full',
    busy: true,
    calendar_id: (await create(meeting(8))).body['calendar_id'],
  };
  const body = { time_zone: 'Europe/Madrid' };
  expect((await apis.call('PUT', '/api/me/profile', { token, body })).status).toBe(200);
  const reply = await create(meeting(9));
  expect(reply.body).toMatchObject({ ...shape, ...defaults });
  const path = String(reply.headers.get('location'));
  for (const [method, change] of [
    ['PUT', meeting(9)],
    ['PATCH', { time_zone: null }],
  ] as const) {
    const zoned = { ...meeting(9), time_zone: 'Asia/Tokyo' };
    expect((await apis.call('PUT', path, { token, body: zoned })).body).toMatchObject(zoned);
    const changed = await apis.call(method, path, { token, body: change });
    expect(changed.body).toMatchObject({ time_zone: 'Europe/Madrid' });
  }
});

describe('an outcome within 5 s: not proposed is 503, unknown is 504', () => {
  const results: [ProposeResult, number, string][] = [
    [{ kind: 'not_proposed', reason: 'no_leader' }, 503, 'no_leader'],
    [{ kind: 'not_proposed', reason: 'overloaded' }, 503, 'overloaded'],
    [{ kind: 'unknown' }, 504, 'outcome_unknown'],
  ];
  test.each(results)('%j', async (result, status, code) => {
    apis.node(0).replica.next_result = result;
    const reply = await create(meeting(9));
    expect([reply.status, reply.body['code']]).toEqual([status, code]);
    expect(reply.headers.has('retry-after')).toBe(status === 503);
  });

  test('an outcome that does not come within the deadline is unknown', async () => {
    apis.node(0).replica.propose = () => new Promise(() => {});
    const reply = await create(meeting(9));
    expect([reply.status, reply.body['code']]).toEqual([504, 'outcome_unknown']);
    expect(limits.request_deadline_ms).toBeLessThan(5_000);
  });
});
