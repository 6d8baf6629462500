import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RowChange } from '../../../src/agenda/change.ts';
import { booked } from '../../support/store-fixture.ts';
import { FakeApis, meeting } from '../api-fixture.ts';

/** More than a page of any other list may have, and no whole number of slices. */
const COUNT = 1_007;
const AGENDA = '/api/agenda?start=2026-01-01T00:00:00Z&end=2029-01-01T00:00:00Z';

let apis: FakeApis;
let token: string;

beforeAll(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
  const [made] = apis.state.appointments.values();
  if (made === undefined) throw new Error('nothing was made');
  const dropped = { agenda_key: made.owner_key, start: made.start, appointment_key: made.key };
  apis.state.keep([{ op: 'delete', table: 'occurrences', row: dropped }]);
  apis.state.keep(Array.from({ length: COUNT }, (_, hour) => hour).flatMap(rowsOf));

  function rowsOf(hour: number): RowChange[] {
    if (made === undefined) return [];
    const start = Date.UTC(2027, 0, 1, hour);
    const changes = { key: made.key + (hour + 1) * 4096, title: `meeting ${hour}`, start };
    return booked({ ...made, ...changes, end: start + 3_600_000 }, made.owner_key);
  }
}, 120_000);
afterAll(() => apis.stop());

async function read(query: string): Promise<{ titles: string[]; next_cursor: string | undefined }> {
  const reply = await apis.call('GET', AGENDA + query, { token });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toContain('application/json');
  const items = reply.body['items'] as { title: string; my_status: string }[];
  expect(items.every((item) => item.my_status === 'accepted')).toBe(true);
  return {
    titles: items.map((item) => item.title),
    next_cursor: reply.body['next_cursor'] as string | undefined,
  };
}

const expected = Array.from({ length: COUNT }, (_, hour) => `meeting ${hour}`);

describe('Agenda reads: default and most 100 000 (streamed)', () => {
  test('all of a large agenda, in order, without a cursor', async () => {
    expect(await read('')).toEqual({ titles: expected, next_cursor: undefined });
  });

  test.each([1, 199, 200, 201, 400, 401, COUNT - 1, COUNT, COUNT + 1])(
    'pages of %i give all of it, once',
    async (limit) => {
      const titles: string[] = [];
      let cursor = '';
      for (let page = 0; page <= Math.min(COUNT, 5); page += 1) {
        const { titles: more, next_cursor } = await read(`&limit=${limit}${cursor}`);
        titles.push(...more);
        if (next_cursor === undefined) break;
        expect(more).toHaveLength(limit);
        cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
      }
      expect(titles).toEqual(expected.slice(0, titles.length));
      if (limit >= 199) expect(titles).toHaveLength(COUNT);
    },
  );
});
