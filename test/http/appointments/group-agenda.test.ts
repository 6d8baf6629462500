import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { appointmentBody } from '../../support/agenda-fixture.ts';
import { FakeApis } from '../api-fixture.ts';
import { People, refusalOf } from './people.ts';
import type { Person, TestGroup } from './people.ts';

let apis: FakeApis;
let people: People;
let ana: Person;
let ben: Person;
let eva: Person;
let zoe: Person;
/** Ana 10, Ben 5, Eva 5, Zoe 7. */
let group: TestGroup;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  people = new People(apis);
  [ana, ben, eva, zoe] = await people.registerAll('ana', 'ben', 'eva', 'zoe');
  group = people.group(ana, 'hierarchical', [
    [ben, 5],
    [eva, 5],
    [zoe, 7],
  ]);
});
afterEach(() => apis.stop());

type Item = Record<string, unknown> & { start: string };

const DAY = 'start=2027-01-15T00:00:00Z&end=2027-01-16T00:00:00Z';

async function page(by: Person, more = '', range = DAY) {
  const path = `/api/groups/${group.id}/agenda?${range}${more}`;
  const reply = await people.call(by, 'GET', path);
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.body as { items: Item[]; next_cursor?: string };
}

/** Hour and title of each, and whose it is when it is busy. */
async function seen(by: Person, more = '', range = DAY): Promise<unknown[]> {
  const { items } = await page(by, more, range);
  return items.map((item) => [
    Number(item.start.slice(11, 13)),
    item['title'],
    item['kind'] === 'busy' ? nameOf(item['user_id']) : item['my_status'],
  ]);
}

function nameOf(user_id: unknown): string | undefined {
  return [ana, ben, eva, zoe].find(({ id }) => id === user_id)?.name;
}

/** Of the group, with nobody but its owner on it. */
async function alone(by: Person, hour: number, more: object = {}): Promise<string> {
  const path = await people.book(by, hour, { group_id: group.id, follow_group: false, ...more });
  return path;
}

describe('the group’s appointments, as far as one sees them', () => {
  test('by start; the appointments of others only', async () => {
    await people.book(zoe, 12, { group_id: group.id });
    await people.book(ben, 9, { group_id: group.id });
    await people.book(ben, 10, { title: 'Of nobody else' });
    expect(await seen(eva)).toEqual([
      [9, 'Meeting 9', 'pending'],
      [12, 'Meeting 12', 'auto'],
    ]);
    const { items, next_cursor } = await page(eva);
    expect([items[0]?.['group_id'], next_cursor]).toEqual([group.id, undefined]);
  });

  test('Busy, without an id, for privacy freebusy; all of it for its people and who is above', async () => {
    const late = await people.register('late');
    const boss = await people.register('boss');
    await alone(ben, 9, { privacy: 'freebusy' });
    await alone(ben, 10);
    people.join(ana, group.key, late, 1);
    people.join(ana, group.key, boss, 9);
    const busy = {
      kind: 'busy',
      user_id: ben.id,
      title: 'Busy',
      start: '2027-01-15T09:00:00Z',
      end: '2027-01-15T10:00:00Z',
      all_day: false,
    };
    const of_late = await page(late);
    expect(of_late.items[0]).toEqual(busy);
    expect(await seen(late)).toEqual([
      [9, 'Busy', 'ben'],
      [10, 'Meeting 10', undefined],
    ]);
    expect(await seen(boss)).toEqual([
      [9, 'Meeting 9', undefined],
      [10, 'Meeting 10', undefined],
    ]);
    expect(await seen(eva)).toEqual([
      [9, 'Meeting 9', 'pending'],
      [10, 'Meeting 10', 'pending'],
    ]);
  });

  test('cancelled ones when asked: never as Busy', async () => {
    const late = await people.register('late');
    const path = await alone(ben, 9, { privacy: 'freebusy' });
    people.join(ana, group.key, late, 1);
    await people.call(ben, 'DELETE', path);
    expect(await seen(ben)).toEqual([]);
    expect(await seen(ben, '&include=cancelled')).toEqual([[9, 'Meeting 9', 'accepted']]);
    expect(await seen(late, '&include=cancelled,busy')).toEqual([]);
  });

  test('not for who is in it no more, or never was: 404', async () => {
    const stranger = await people.register('stranger');
    people.leave(ben, group.key);
    for (const [by, id] of [
      [stranger, group.id],
      [ben, group.id],
      [ana, 'grp_00zzz'],
      [ana, 'mine'],
    ] as const) {
      const reply = await people.call(by, 'GET', `/api/groups/${id}/agenda?${DAY}`);
      expect(refusalOf(reply)).toEqual([404, 'not_found']);
    }
    people.act(ana, { kind: 'group.delete', group_key: group.key, if_match: null });
    const reply = await people.call(ana, 'GET', `/api/groups/${group.id}/agenda?${DAY}`);
    expect(refusalOf(reply)).toEqual([404, 'not_found']);
  });

  test.each([
    ['end=2027-01-16T00:00:00Z', 'start'],
    ['start=2027-01-15T00:00:00Z', 'end'],
    ['start=2027-01-15T00:00:00Z&end=2033-01-15T00:00:00Z', 'end'],
    ['start=2027-01-15T00:00:00Z&end=2027-01-15T00:00:00Z', 'end'],
    [`${DAY}&include=declined`, 'include'],
    [`${DAY}&limit=100001`, 'limit'],
    [`${DAY}&cursor=abc`, 'cursor'],
  ])('what is wrong is 400 with its field: %s', async (query, field) => {
    const reply = await people.call(ana, 'GET', `/api/groups/${group.id}/agenda?${query}`);
    expect(refusalOf(reply)).toEqual([400, 'invalid_request']);
    expect(reply.body['errors']).toMatchObject([{ field }]);
  });
});

describe('include=busy', () => {
  test('the busy times of members’ other appointments, and nothing else of them', async () => {
    await people.book(ben, 9, { title: 'Secret' });
    await people.book(eva, 9, { title: 'Secret too', participants: [{ username: 'ben' }] });
    await people.book(zoe, 11, { group_id: group.id });
    await people.book(ana, 13, { busy: false });
    const { items } = await page(zoe, '&include=busy');
    expect(items.slice(0, 2)).toEqual(
      [ben, eva].map(({ id }) => ({
        kind: 'busy',
        user_id: id,
        title: 'Busy',
        start: '2027-01-15T09:00:00Z',
        end: '2027-01-15T10:00:00Z',
        all_day: false,
      })),
    );
    expect(await seen(zoe, '&include=busy')).toEqual([
      [9, 'Busy', 'ben'],
      [9, 'Busy', 'eva'],
      [11, 'Meeting 11', 'accepted'],
    ]);
    expect(JSON.stringify(items)).not.toContain('Secret');
    expect(await seen(zoe)).toEqual([[11, 'Meeting 11', 'accepted']]);
  });

  test('of each who is on it for certain; not what is cancelled or declined', async () => {
    const path = await people.book(ana, 9, {
      participants: [{ username: 'ben' }, { username: 'eva' }],
    });
    await people.call(ben, 'POST', `${path}/accept`);
    await people.call(eva, 'POST', `${path}/reject`);
    expect(await seen(zoe, '&include=busy')).toEqual([
      [9, 'Busy', 'ana'],
      [9, 'Busy', 'ben'],
    ]);
    await people.call(ana, 'DELETE', path);
    expect(await seen(zoe, '&include=busy')).toEqual([]);
  });

  test('those of another group too', async () => {
    const other = people.group(ben, 'non_hierarchical', []);
    await people.book(ben, 9, { group_id: other.id });
    expect(await seen(zoe, '&include=busy')).toEqual([[9, 'Busy', 'ben']]);
  });

  test('nothing of who does not share them', async () => {
    await people.book(ben, 9);
    await people.book(eva, 10);
    await people.call(ben, 'PUT', '/api/me/profile', { share_busy: false });
    expect(await seen(zoe, '&include=busy')).toEqual([[10, 'Busy', 'eva']]);
    expect(await seen(ben, '&include=busy')).toEqual([[10, 'Busy', 'eva']]);
  });

  test('days are shown as days', async () => {
    await people.book(ben, 9, {
      all_day: true,
      busy: true,
      start: '2027-01-15',
      end: '2027-01-17',
      time_zone: 'Asia/Tokyo',
    });
    expect((await page(zoe, '&include=busy')).items).toMatchObject([
      { start: '2027-01-15', end: '2027-01-17', all_day: true },
    ]);
  });
});

describe('pages', () => {
  test('give all of it once, in one order; their cursors reveal nothing, and are one’s own', async () => {
    const late = await people.register('late');
    for (const hour of [9, 10, 11]) {
      await alone(ben, hour, { privacy: 'freebusy', allow_conflict: true });
      await people.book(eva, hour, { title: 'Secret', allow_conflict: true });
      await people.book(zoe, hour, { title: 'Secret', allow_conflict: true });
    }
    people.join(ana, group.key, late, 1);
    const all = await page(late, '&include=busy');
    expect(all.items).toHaveLength(9);
    expect(all.items.map(({ start }) => start)).toEqual(
      all.items.map(({ start }) => start).toSorted(),
    );
    for (const limit of [1, 2, 4, 9]) {
      const items: unknown[] = [];
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const more = cursor === '' ? '' : `&cursor=${cursor}`;
        const found = await page(late, `&include=busy&limit=${limit}${more}`);
        items.push(...found.items);
        cursor = found.next_cursor;
      }
      expect(items).toEqual(all.items);
    }
    const { next_cursor } = await page(late, '&include=busy&limit=1');
    const path = `/api/groups/${group.id}/agenda?${DAY}&cursor=${String(next_cursor)}`;
    expect(refusalOf(await people.call(ben, 'GET', path))).toEqual([400, 'invalid_request']);
    expect(next_cursor).not.toBe((await page(late, '&include=busy&limit=1')).next_cursor);
  });

  test('a full page has a cursor only when more of it is shown', async () => {
    const late = await people.register('late');
    await alone(ben, 9, { privacy: 'freebusy' });
    const hidden = await alone(ben, 10, { privacy: 'freebusy' });
    people.join(ana, group.key, late, 1);
    await people.call(ben, 'DELETE', hidden);
    const cursorOf = async (by: Person, more: string) => (await page(by, more)).next_cursor;
    expect(await cursorOf(late, '&limit=1&include=cancelled')).toBeUndefined();
    expect(await cursorOf(ben, '&limit=1&include=cancelled')).toEqual(expect.any(String));
    // That it takes the time of its owner, and of who is placed on it, is not shown twice.
    expect(await cursorOf(late, '&limit=1&include=busy')).toBeUndefined();
    await people.book(zoe, 11);
    const { items, next_cursor } = await page(late, '&limit=1&include=busy,cancelled');
    expect(items).toMatchObject([{ user_id: ben.id }]);
    const rest = await page(late, `&limit=1&include=busy,cancelled&cursor=${String(next_cursor)}`);
    expect(rest).toEqual({ items: [expect.objectContaining({ user_id: zoe.id })] });
  });

  test('also when what is not shown is more than a slice', async () => {
    const late = await people.register('late');
    await alone(ben, 9, { privacy: 'freebusy' });
    const about = { group_key: group.key, follow_group: false, privacy: 'freebusy' } as const;
    for (let at = 0; at <= limits.agenda_slice; at += 1) {
      const start = Date.UTC(2027, 0, 15, 10) + at * 60_000;
      const times = { start, end: start + 60_000, allow_conflict: true };
      const { key } = people.act(ben, appointmentBody({ ...about, ...times }));
      people.act(ben, { kind: 'appointment.cancel', appointment_key: key, if_match: null });
    }
    people.join(ana, group.key, late, 1);
    const only = await page(late, '&limit=1&include=cancelled');
    expect(only).toEqual({ items: [expect.objectContaining({ user_id: ben.id })] });
    await alone(ben, 20, { privacy: 'full' });
    const { next_cursor } = await page(late, '&limit=1&include=cancelled');
    const rest = await page(late, `&limit=1&include=cancelled&cursor=${String(next_cursor)}`);
    expect(rest.items).toMatchObject([{ title: 'Meeting 20' }]);
  });

  test('a large one is made in slices, of one state, with all of the group’s own left out of Busy', async () => {
    const count = limits.agenda_slice + 30;
    const at = (minute: number) => new Date(Date.UTC(2027, 0, 20) + minute * 60_000).toISOString();
    for (let minute = 0; minute < count; minute += 1) {
      const times = { start: at(minute), end: at(minute + 1) };
      await people.book(ana, 9, { ...times, group_id: group.id, title: `${minute}` });
    }
    await people.book(ben, 9, { start: at(count), end: at(count + 1) });
    const range = 'start=2027-01-20T00:00:00Z&end=2027-01-21T00:00:00Z';
    const { items } = await page(zoe, '&include=busy', range);
    expect(items.map(({ title }) => title)).toEqual([
      ...Array.from({ length: count }, (_, minute) => `${minute}`),
      'Busy',
    ]);
    const first = await page(zoe, `&include=busy&limit=${count}`, range);
    expect(first.items).toHaveLength(count);
    const more = `&include=busy&cursor=${String(first.next_cursor)}`;
    expect((await page(zoe, more, range)).items).toMatchObject([{ title: 'Busy' }]);
  }, 120_000);
});

test('an appointment reads there as it does by its id', async () => {
  await people.book(ana, 9, { group_id: group.id });
  const { items } = await page(ben);
  const path = `/api/appointments/${String(items[0]?.['id'])}`;
  expect((await people.read(ben, path)).appointment).toEqual(items[0]);
});
