import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AgendaPlace, AgendaRange } from '../../../src/agenda/view.ts';
import { limits } from '../../../src/limits.ts';
import { FakeApis, meeting } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const create = (hour: number, title: string, description = '', as = token) =>
  apis.call('POST', '/api/appointments', {
    token: as,
    body: { ...meeting(hour), title, description },
  });

async function search(query: string, more = ''): Promise<Record<string, unknown>> {
  const path = `/api/search?query=${encodeURIComponent(query)}${more}`;
  return (await apis.call('GET', path, { token })).body;
}

async function titlesFor(query: string, more = ''): Promise<string[]> {
  const { items } = await search(query, more);
  return (items as { title: string }[]).map((item) => item.title);
}

test('appointments one may see, by title and description', async () => {
  await create(9, 'Dentist', 'Bring the card');
  const created = await create(10, 'Lunch with Zoë');
  await create(10, 'Dentist of another', '', await apis.register('bruno'));
  expect(await titlesFor('dentist')).toEqual(['Dentist']);
  expect(await titlesFor('the card')).toEqual(['Dentist']);
  expect(await titlesFor('nobody')).toEqual([]);
  expect((await search('lunch'))['items']).toEqual([created.body]);
});

test.each([
  ['REUNIÓN', 'reunion de equipo'],
  ['reunion', 'Reunión de equipo'],
  ['strasse', 'Am Ende der STRAẞE'],
  ['οδος', 'ΟΔΌΣ 5'],
  ['ｆｕｌｌ', 'Full width'],
  ['equipo reunion', 'Reunión de equipo'],
])('without regard to case and accents, every word anywhere: %s', async (query, title) => {
  await create(9, title);
  await create(10, 'Something else');
  expect(await titlesFor(query)).toEqual([title]);
});

test('what is a pattern elsewhere is a character here', async () => {
  await create(9, '100 % sure');
  await create(10, '100 or so');
  expect(await titlesFor('100 %')).toEqual(['100 % sure']);
  expect(await titlesFor('_')).toEqual([]);
});

test('start and end: in a range when one is given', async () => {
  for (const hour of [9, 12]) await create(hour, `Call at ${hour}`);
  expect(await titlesFor('call')).toEqual(['Call at 9', 'Call at 12']);
  expect(await titlesFor('call', '&start=2027-01-15T11:00:00Z')).toEqual(['Call at 12']);
  expect(await titlesFor('call', '&end=2027-01-15T11:00:00Z')).toEqual(['Call at 9']);
});

test('leaves out what is cancelled, and finds what it is called now', async () => {
  const first = await create(9, 'Old');
  await create(10, 'Old too');
  const path = String(first.headers.get('location'));
  await apis.call('PATCH', path, { token, body: { title: 'New' } });
  expect(await titlesFor('old')).toEqual(['Old too']);
  await apis.call('DELETE', path, { token });
  expect(await titlesFor('new')).toEqual([]);
});

test('answers {items, next_cursor?} in pages', async () => {
  for (const hour of [9, 10, 11]) await create(hour, `Call ${hour}`);
  const first = await search('call', '&limit=2');
  expect(first['items']).toHaveLength(2);
  const second = await search('call', `&limit=2&cursor=${String(first['next_cursor'])}`);
  expect(second).toMatchObject({ items: [{ title: 'Call 11' }] });
  expect(second).not.toHaveProperty('next_cursor');
});

/** So many places after one, each a key further. */
function placesAfter(start: number, after: AgendaPlace | null, count: number): AgendaPlace[] {
  const from = (after?.key ?? 0) + 1;
  return Array.from({ length: count }, (_, at) => ({ start, key: from + at }));
}

test('limit of a list defaults to 100, at most 1 000', async () => {
  const { view } = apis.node(0).replica;
  const created = await create(9, 'Call');
  const [first] = apis.state.appointments.values();
  if (first === undefined) throw new Error(created.text);
  const count = 1_100;
  Object.assign(view, {
    agendaPlacesOf: (_: number, { after, limit }: AgendaRange) =>
      placesAfter(first.start, after, Math.min(limit, count - (after?.key ?? 0))),
    appointmentByKey: (key: number) => ({ ...first, key }),
  });
  for (const [more, length] of [
    ['', 100],
    ['&limit=1', 1],
    ['&limit=1000', 1_000],
  ] as const) {
    const page = await search('call', more);
    expect(page['items']).toHaveLength(length);
    expect(page).toHaveProperty('next_cursor');
  }
  const reply = await apis.call('GET', '/api/search?query=call&limit=1001', { token });
  expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
});

test('looks at so much for a page and no more, and goes on with the cursor', async () => {
  const { view } = apis.node(0).replica;
  await create(9, 'Something else');
  const [first] = apis.state.appointments.values();
  let read = 0;
  Object.assign(view, {
    agendaPlacesOf: (_: number, { after, limit }: AgendaRange) =>
      placesAfter(0, after, Math.min(limit, 12_000 - (after?.key ?? 0))),
    appointmentByKey(key: number) {
      read += 1;
      return { ...first, key };
    },
  });
  const pages: number[] = [];
  let cursor = '';
  do {
    read = 0;
    const page = await search('call', cursor === '' ? '' : `&cursor=${cursor}`);
    expect(page['items']).toEqual([]);
    pages.push(read);
    const { next_cursor = '' } = page as { next_cursor?: string };
    cursor = next_cursor;
  } while (cursor !== '');
  expect(pages).toEqual([limits.search_examined_max, limits.search_examined_max, 2_000]);
});

/** Ana's agenda has so many, each as this says, and is looked at without the database. */
async function fillAgenda(count: number, description: string, onLook: () => void): Promise<void> {
  await create(9, 'Something else');
  const [first] = apis.state.appointments.values();
  Object.assign(apis.node(0).replica.view, {
    agendaPlacesOf: (_: number, { after, limit }: AgendaRange) =>
      placesAfter(0, after, Math.min(limit, count - (after?.key ?? 0))),
    appointmentByKey(key: number) {
      onLook();
      return { ...first, key, description };
    },
  });
}

test.each([
  ['many short ones', 1_000, 'Ñandú', limits.search_slice_rows],
  ['few with long texts', 40, 'Ñandú '.repeat(1_600), 2],
  ['what is longer without its ligatures', 10, '\ufdfa'.repeat(10_000), 1],
])('leaves the event loop to others: %s', async (_, count, description, most) => {
  let turn = 0;
  const looks_by_turn = new Map<number, number>();
  await fillAgenda(count, description, () => {
    looks_by_turn.set(turn, (looks_by_turn.get(turn) ?? 0) + 1);
  });
  let is_over = false;
  const takeTurn = (): void => {
    turn += 1;
    if (!is_over) setImmediate(takeTurn);
  };
  takeTurn();
  expect((await search('nobody'))['items']).toEqual([]);
  is_over = true;
  expect(Math.max(...looks_by_turn.values())).toBeLessThanOrEqual(most);
});

test('so many of one person at once and no more: overloaded, with Retry-After', async () => {
  await fillAgenda(1_000, '', () => undefined);
  const wanted = limits.searches_per_person_max + 1;
  let arrived = 0;
  let begin = (): void => undefined;
  const all_are_here = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const { replica } = apis.node(0);
  const together = async (): Promise<'ok'> => {
    arrived += 1;
    if (arrived === wanted) begin();
    await all_are_here;
    return 'ok';
  };
  Object.assign(replica, { readBarrier: together });
  const path = '/api/search?query=nobody';
  const replies = await Promise.all(
    Array.from({ length: wanted }, () => apis.call('GET', path, { token })),
  );
  const refused = replies.filter(({ status }) => status !== 200);
  expect(refused.map(({ body }) => body['code'])).toEqual(['overloaded']);
  expect(refused[0]?.headers.get('retry-after')).not.toBeNull();
  expect((await apis.call('GET', path, { token })).status).toBe(200);
});

test.each([
  ['', 'query'],
  ['query=', 'query'],
  ['query=%20%20', 'query'],
  [`query=${'x'.repeat(201)}`, 'query'],
  ['query=x&start=tomorrow', 'start'],
  ['query=x&start=2027-01-15T11:00:00Z&end=2027-01-15T11:00:00Z', 'end'],
  ['query=x&limit=1001', 'limit'],
  ['query=x&cursor=!', 'cursor'],
  ['query=x&owner=y', 'owner'],
])('what is wrong is 400 with its field: %s', async (parameters, field) => {
  const reply = await apis.call('GET', `/api/search?${parameters}`, { token });
  expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
  expect(reply.body['errors']).toMatchObject([{ field }]);
});
