import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
  apis.call(method, path, { token, body });
const create = (more: object): Promise<Reply> =>
  call('POST', '/api/appointments', {
    title: 'Fair',
    all_day: true,
    start: '2027-03-28',
    end: '2027-03-29',
    ...more,
  });
const agenda = async (start: string, end: string): Promise<unknown[]> =>
  (await call('GET', `/api/agenda?start=${start}&end=${end}`)).body['items'] as unknown[];

describe('all-day: start and end are dates, end exclusive', () => {
  test.each(['UTC', 'Europe/Madrid', 'Pacific/Kiritimati', 'America/Sao_Paulo', 'Pacific/Apia'])(
    'dates out as they came in: %s',
    async (time_zone) => {
      for (const [start, end] of [
        ['2027-03-28', '2027-03-29'],
        // In São Paulo clocks went from 00:00 to 01:00 on this day.
        ['2018-11-04', '2018-11-05'],
        ['2026-12-31', '2027-01-02'],
        ['0001-01-01', '9999-12-31'],
      ]) {
        const reply = await create({ start, end, time_zone });
        expect(reply.status).toBe(201);
        expect(reply.body).toMatchObject({ start, end, all_day: true, time_zone });
        const read = await call('GET', String(reply.headers.get('location')));
        expect(read.body['appointment']).toEqual(reply.body);
      }
    },
  );

  test('busy is false unless it is said', async () => {
    expect((await create({})).body['busy']).toBe(false);
    expect((await create({ busy: true })).body['busy']).toBe(true);
  });

  test.each([
    ['start', { start: '2027-03-28T00:00:00Z' }],
    ['end', { end: '2027-03-28' }],
    ['end', { end: '2027-02-30' }],
    ['start', { all_day: false, end: '2027-03-29T00:00:00Z' }],
  ])('what is wrong is 400 with its field: %s %j', async (field, more) => {
    const reply = await create(more);
    expect([reply.status, reply.body['errors']]).toEqual([
      400,
      [{ field, detail: expect.any(String) }],
    ]);
  });

  test('a day that a zone skipped is none', async () => {
    const skipped = { start: '2011-12-30', end: '2011-12-31', time_zone: 'Pacific/Apia' };
    const reply = await create(skipped);
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
  });

  test('it lies on the days of its own zone, also when the clocks change', async () => {
    await create({ time_zone: 'Europe/Madrid' });
    // From midnight of the 28th, 23:00 UTC, to midnight of the 29th, 22:00 UTC.
    expect(await agenda('2027-03-27T22:00:00Z', '2027-03-27T23:00:00Z')).toHaveLength(0);
    expect(await agenda('2027-03-27T22:00:00Z', '2027-03-27T23:00:01Z')).toHaveLength(1);
    expect(await agenda('2027-03-28T21:59:59Z', '2027-03-29T00:00:00Z')).toHaveLength(1);
    expect(await agenda('2027-03-28T22:00:00Z', '2027-03-29T00:00:00Z')).toHaveLength(0);
  });

  test('busy, it conflicts with what is on these days', async () => {
    await create({ time_zone: 'Europe/Madrid', busy: true });
    const timed = (start: string, end: string) =>
      call('POST', '/api/appointments', { title: 'Timed', start, end });
    const before = await timed('2027-03-27T22:00:00Z', '2027-03-27T23:00:00Z');
    const within = await timed('2027-03-27T23:30:00Z', '2027-03-28T00:30:00Z');
    const after = await timed('2027-03-28T22:00:00Z', '2027-03-28T23:00:00Z');
    expect([before.status, within.status, after.status]).toEqual([201, 409, 201]);
    expect(within.body['overlaps']).toMatchObject([
      { start: '2027-03-28', end: '2027-03-29', all_day: true },
    ]);
  });
});

describe('changing', () => {
  test('another zone keeps the dates, and is significant', async () => {
    const created = await create({ time_zone: 'Europe/Madrid' });
    const path = String(created.headers.get('location'));
    const reply = await call('PATCH', path, { time_zone: 'Asia/Tokyo' });
    expect(reply.body).toMatchObject({
      start: '2027-03-28',
      end: '2027-03-29',
      time_zone: 'Asia/Tokyo',
      sequence: 1,
    });
    expect(await agenda('2027-03-27T15:00:00Z', '2027-03-27T15:00:01Z')).toHaveLength(1);
  });

  test('all-day or not decides what start and end have to be', async () => {
    const created = await create({});
    const path = String(created.headers.get('location'));
    const refused = await call('PATCH', path, { all_day: false });
    expect([refused.status, refused.body['errors']]).toMatchObject([
      400,
      [{ field: 'start' }, { field: 'end' }],
    ]);
    const times = { start: '2027-03-28T10:00:00Z', end: '2027-03-28T11:00:00Z' };
    const timed = await call('PATCH', path, { all_day: false, ...times });
    expect(timed.body).toMatchObject({ ...times, all_day: false, busy: false });
    // The default is another one for either kind.
    expect((await call('PATCH', path, { busy: null })).body['busy']).toBe(true);
    const back = await call('PATCH', path, {
      all_day: true,
      busy: null,
      start: '2027-03-30',
      end: '2027-04-01',
    });
    expect(back.body).toMatchObject({ start: '2027-03-30', end: '2027-04-01', busy: false });
  });

  test('all_day: null is false, which start and end have to fit', async () => {
    const created = await create({});
    const path = String(created.headers.get('location'));
    const refused = await call('PATCH', path, { all_day: null });
    expect([refused.status, refused.body['errors']]).toMatchObject([
      400,
      [{ field: 'start' }, { field: 'end' }],
    ]);
    const times = { start: '2027-03-28T10:00:00Z', end: '2027-03-28T11:00:00Z' };
    const timed = await call('PATCH', path, { all_day: null, ...times });
    expect(timed.body).toMatchObject({ ...times, all_day: false });
  });

  test('another title leaves the dates alone', async () => {
    const created = await create({ time_zone: 'America/New_York' });
    const path = String(created.headers.get('location'));
    const reply = await call('PATCH', path, { title: 'Other' });
    expect(reply.body).toMatchObject({ start: '2027-03-28', end: '2027-03-29', sequence: 0 });
  });
});
