import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis } from '../api-fixture.ts';
import { fieldsNamedIn, partOf, People, refusalOf } from './people.ts';
import type { Person } from './people.ts';

let apis: FakeApis;
let people: People;
let ana: Person;
let ben: Person;
let eva: Person;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  people = new People(apis);
  [ana, ben, eva] = await people.registerAll('ana', 'ben', 'eva');
});
afterEach(() => apis.stop());

describe('reading', () => {
  test('with one’s own my_status; a member who is not on it has none', async () => {
    const group = people.group(ana, 'non_hierarchical', [ben]);
    const more = { group_id: group.id, follow_group: false };
    const path = await people.book(ana, 9, more);
    people.join(ana, group.key, eva, null);
    await people.call(ben, 'POST', `${path}/reject`);
    const mine = async (by: Person) => (await people.read(by, path)).appointment['my_status'];
    expect([await mine(ana), await mine(ben), await mine(eva)]).toEqual([
      'accepted',
      'declined',
      undefined,
    ]);
    const status = async (by: Person) => people.call(by, 'GET', `${path}/my-status`);
    const free = { has_conflict: false };
    const of_ana = partOf(ana, { status: 'accepted', ...free });
    expect((await status(ana)).body).toEqual(of_ana);
    const of_ben = partOf(ben, { status: 'declined', version: 2, ...free });
    expect((await status(ben)).body).toEqual(of_ben);
    expect(refusalOf(await status(eva))).toEqual([404, 'not_found']);
  });

  test('cancelled it reads so by its id for those who could see it, and is 404 for others', async () => {
    const [dan, fay, gus] = await people.registerAll('dan', 'fay', 'gus');
    const group = people.group(ana, 'non_hierarchical', [ben, dan]);
    const shared = { group_id: group.id, follow_group: false };
    const path = await people.book(ana, 9, { ...shared, participants: [{ username: 'eva' }] });
    const hidden = await people.book(ana, 10, { ...shared, privacy: 'freebusy' });
    // A member who is not on it, somebody on it who is no member, and one who said no.
    people.join(ana, group.key, fay, null);
    await people.call(dan, 'POST', `${path}/reject`);
    for (const one of [path, hidden]) {
      expect((await people.call(ana, 'DELETE', one)).status).toBe(204);
    }
    for (const one of [ana, ben, dan, eva, fay]) {
      const { appointment, participants } = await people.read(one, path);
      expect([one.name, appointment['status']]).toEqual([one.name, 'cancelled']);
      expect(participants.map(({ username }) => username)).toEqual(['ana', 'ben', 'dan', 'eva']);
    }
    expect((await people.read(ben, hidden)).appointment['status']).toBe('cancelled');
    for (const [one, unseen] of [
      [gus, path],
      [gus, hidden],
      [fay, hidden],
      [eva, hidden],
    ] as const) {
      expect(refusalOf(await people.call(one, 'GET', unseen))).toEqual([404, 'not_found']);
    }
  });

  test('what one sees but the times of is not there by its id', async () => {
    const team = people.group(ben, 'hierarchical', [[eva, 1]]);
    const secret = await people.book(ben, 10, {
      group_id: team.id,
      privacy: 'freebusy',
      follow_group: false,
    });
    people.join(ben, team.key, ana, 2);
    for (const more of ['', '/participants', '/my-status', '/proposals', '/objections']) {
      expect(refusalOf(await people.call(ana, 'GET', secret + more))).toEqual([404, 'not_found']);
      expect((await people.call(eva, 'GET', secret + more)).status).toBe(200);
    }
  });

  test('…/participants answers {items, next_cursor?} in pages', async () => {
    const path = await people.book(ana, 9, {
      participants: [{ username: 'ben' }, { username: 'eva' }],
    });
    const page = async (more: string) =>
      (await people.call(eva, 'GET', `${path}/participants${more}`)).body;
    const names = (body: Record<string, unknown>) =>
      (body['items'] as { username: string }[]).map(({ username }) => username);
    const all = await page('');
    expect([names(all), all['next_cursor']]).toEqual([['ana', 'ben', 'eva'], undefined]);
    const first = await page('?limit=2');
    expect(names(first)).toEqual(['ana', 'ben']);
    const second = await page(`?limit=2&cursor=${String(first['next_cursor'])}`);
    expect([names(second), second['next_cursor']]).toEqual([['eva'], undefined]);
    expect(names(await page('?limit=1'))).toEqual(['ana']);
    const wrong = await people.call(eva, 'GET', `${path}/participants?cursor=%21`);
    expect([refusalOf(wrong), fieldsNamedIn(wrong)]).toEqual([
      [400, 'invalid_request'],
      ['cursor'],
    ]);
  });

  test('the agenda: pending, accepted and auto; declined and cancelled when asked, with my_status', async () => {
    const group = people.group(ana, 'hierarchical', [[ben, 5]]);
    await people.book(ana, 8, { group_id: group.id });
    const [nine, ten] = [
      await people.book(ana, 9, { participants: [{ username: 'ben' }] }),
      await people.book(ana, 10, { participants: [{ username: 'ben' }] }),
    ];
    await people.book(ana, 11, { participants: [{ username: 'ben' }] });
    await people.call(ben, 'POST', `${nine}/reject`);
    await people.call(ben, 'POST', `${ten}/accept`);
    const gone = await people.book(ana, 12, { participants: [{ username: 'ben' }] });
    await people.call(ana, 'DELETE', gone);
    const read = async (more = '') => {
      const range = 'start=2027-01-15T00:00:00Z&end=2027-01-16T00:00:00Z';
      const { body } = await people.call(ben, 'GET', `/api/agenda?${range}${more}`);
      return (body['items'] as { start: string; my_status: string; status: string }[]).map(
        (one) => [Number(one.start.slice(11, 13)), one.my_status, one.status],
      );
    };
    const there = [
      [8, 'auto', 'accepted'],
      [10, 'accepted', 'accepted'],
      [11, 'pending', 'pending'],
    ];
    expect(await read()).toEqual(there);
    const declined = [9, 'declined', 'declined'];
    expect(await read('&include=declined')).toEqual([there[0], declined, there[1], there[2]]);
    expect(await read('&include=cancelled')).toEqual([...there, [12, 'pending', 'cancelled']]);
  });
});

describe('search', () => {
  const search = async (by: Person, query: string, more = '') => {
    const { body } = await people.call(by, 'GET', `/api/search?query=${query}${more}`);
    const items = body['items'] as { title: string; my_status?: string }[];
    return { ...body, found: items.map(({ title, my_status }) => [title, my_status]) };
  };

  test('what one sees in one’s groups too, each once, by start', async () => {
    const group = people.group(ana, 'non_hierarchical', [ben]);
    const of_group = { group_id: group.id, follow_group: false };
    await people.book(ana, 12, { ...of_group, title: 'Plan two' });
    await people.book(ana, 9, { ...of_group, title: 'Plan one' });
    await people.book(ana, 10, { ...of_group, title: 'Plan hidden', privacy: 'freebusy' });
    people.join(ana, group.key, eva, null);
    await people.book(eva, 11, { title: 'Plan of mine' });
    expect((await search(eva, 'plan')).found).toEqual([
      ['Plan one', undefined],
      ['Plan of mine', 'accepted'],
      ['Plan two', undefined],
    ]);
    expect((await search(ben, 'plan')).found).toEqual([
      ['Plan one', 'pending'],
      ['Plan hidden', 'pending'],
      ['Plan two', 'pending'],
    ]);
    people.leave(eva, group.key);
    expect((await search(eva, 'plan')).found).toEqual([['Plan of mine', 'accepted']]);
  });

  test('what one declined too; in pages whose cursors say nothing', async () => {
    const group = people.group(ana, 'non_hierarchical', [ben]);
    for (const hour of [9, 10, 11]) {
      const path = await people.book(ana, hour, { group_id: group.id, title: `Plan ${hour}` });
      if (hour === 10) await people.call(ben, 'POST', `${path}/reject`);
    }
    const titles: unknown[] = [];
    let cursor = '';
    do {
      const page = await search(ben, 'plan', `&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      titles.push(...page.found);
      cursor = (page as { next_cursor?: string }).next_cursor ?? '';
      const text = Buffer.from(cursor, 'base64url').toString('latin1');
      expect(text).not.toMatch(/^-?[0-9a-z]+\.[0-9a-z]+$/);
    } while (cursor !== '');
    expect(titles).toEqual([
      ['Plan 9', 'pending'],
      ['Plan 10', 'declined'],
      ['Plan 11', 'pending'],
    ]);
  });

  test('a cursor is of one’s own search', async () => {
    for (const hour of [9, 10]) await people.book(ana, hour);
    const { next_cursor } = (await search(ana, 'meeting', '&limit=1')) as { next_cursor?: string };
    const path = `/api/search?query=meeting&cursor=${String(next_cursor)}`;
    expect((await people.call(ana, 'GET', path)).status).toBe(200);
    expect(refusalOf(await people.call(ben, 'GET', path))).toEqual([400, 'invalid_request']);
  });
});
