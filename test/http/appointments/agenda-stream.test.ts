import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis, meeting } from '../api-fixture.ts';

const COUNT = 3 * limits.agenda_slice + 7;
const AGENDA = '/api/agenda?start=2026-01-01T00:00:00Z&end=2029-01-01T00:00:00Z';

let apis: FakeApis;
let token: string;

beforeAll(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  for (let hour = 0; hour < COUNT; hour += 1) {
    const body = meeting(9, {
      title: `meeting ${hour}`,
      start: new Date(Date.UTC(2027, 0, 1) + hour * 3_600_000).toISOString(),
      end: new Date(Date.UTC(2027, 0, 1) + (hour + 1) * 3_600_000).toISOString(),
    });
    expect((await apis.call('POST', '/api/appointments', { token, body })).status).toBe(201);
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
