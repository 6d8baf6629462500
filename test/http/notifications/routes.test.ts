import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseId } from '../../../src/agenda/id.ts';
import { appointmentBody, HOUR_MS } from '../../support/agenda-fixture.ts';
import { FakeApis } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import {
  addTo,
  allPages,
  commandTo,
  keyOf,
  newGroup,
  person,
  refusalOf,
  toldIn,
  toldTo,
} from '../groups/people.ts';
import type { Person, Told } from '../groups/people.ts';

let apis: FakeApis;
let ana: Person;
let ben: Person;
/** Ana's; Ben is in it. */
let group: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  [ana, ben] = [await person(apis, 'ana'), await person(apis, 'ben')];
  group = await newGroup(apis, ana);
  await addTo(apis, ana, group, { username: 'ben', rank: 3 });
});
afterEach(() => apis.stop());

function as(by: Person, method: string, path: string, body?: unknown): Promise<Reply> {
  return apis.call(method, path, { token: by.token, body });
}

async function say(...contents: readonly string[]): Promise<void> {
  for (const content of contents) {
    await as(ana, 'POST', '/api/posts', { content, group_id: group });
  }
}

describe('GET /api/notifications', () => {
  test('newest first: ids of what each is about, and names', async () => {
    const { body: post } = await as(ana, 'POST', '/api/posts', { content: 'x', group_id: group });
    const reply = await as(ben, 'GET', '/api/notifications');
    const base = { id: expect.stringMatching(/^ntf_/), user_id: ben.id };
    const of_group = {
      actor_id: ana.id,
      actor_username: 'ana',
      group_id: group,
      group_name: 'Team',
    };
    expect([reply.status, reply.body]).toEqual([
      200,
      {
        items: [
          {
            ...base,
            type: 'post_created',
            payload: { ...of_group, post_id: post['id'] },
            created_at: expect.any(String),
          },
          {
            ...base,
            type: 'group_member_added',
            payload: { ...of_group, user_id: ben.id, username: 'ben' },
            created_at: expect.any(String),
          },
        ],
      },
    ]);
    expect((await as(ana, 'GET', '/api/notifications')).body).toEqual({ items: [] });
  });

  test('names are those of now, as far as one may see them now', async () => {
    const namesTo = async (who: Person): Promise<readonly (string | undefined)[]> =>
      (await toldTo(apis, who)).map(({ payload }) => payload['group_name']);
    await as(ana, 'PUT', `/api/groups/${group}`, { name: 'Other' });
    expect(await namesTo(ben)).toEqual(['Other']);
    await as(ana, 'DELETE', `/api/groups/${group}/members/${ben.id}`);
    // Who was removed learns from what; what was told before names the group no more.
    expect(await namesTo(ben)).toEqual(['Other', undefined]);
    await as(ana, 'PUT', `/api/groups/${group}`, { name: 'Secret' });
    expect(await namesTo(ben)).toEqual([undefined, undefined]);
  });

  test('a group that was deleted is named to those who were in it', async () => {
    await as(ana, 'DELETE', `/api/groups/${group}`);
    expect((await toldTo(apis, ben))[0]).toMatchObject({
      type: 'group_member_removed',
      payload: { group_id: group, group_name: 'Team' },
    });
  });

  test('in pages: limit is 100 unless given, 1 000 at most', async () => {
    await say(...Array.from({ length: 104 }, (_, at) => `Number ${at}`));
    expect(await toldTo(apis, ben)).toHaveLength(100);
    const all = toldIn(await as(ben, 'GET', '/api/notifications?limit=1000'));
    expect(all).toHaveLength(105);
    const { items, pages } = await allPages((cursor) =>
      as(ben, 'GET', `/api/notifications?limit=50${cursor}`),
    );
    expect([items, pages]).toEqual([all, 3]);
    for (const query_of of ['?limit=1001', '?cursor=x', '?type=a']) {
      for (const path of ['/api/notifications', '/api/notifications/unread']) {
        const reply = await as(ben, 'GET', `${path}${query_of}`);
        expect([path, refusalOf(reply)]).toEqual([path, '400 invalid_request']);
      }
    }
  });
});

describe('reading', () => {
  test('unread answers {items, next_cursor?, unread_count}', async () => {
    await say('1', '2');
    const unread = await as(ben, 'GET', '/api/notifications/unread?limit=2');
    expect(unread.body).toEqual({
      items: expect.any(Array),
      next_cursor: expect.any(String),
      unread_count: 3,
    });
    const [newest, second] = toldIn(unread);
    await as(ben, 'POST', `/api/notifications/${newest?.id ?? ''}/read`);
    const next = await as(ben, 'GET', '/api/notifications/unread');
    expect(next.body).toMatchObject({ unread_count: 2, items: [{ id: second?.id }, {}] });
    expect(next.body['next_cursor']).toBeUndefined();
    expect((await as(ana, 'GET', '/api/notifications/unread')).body).toEqual({
      items: [],
      unread_count: 0,
    });
  });

  test('one answers 200 with it and read_at; twice is 200 with the same', async () => {
    const [told] = await toldTo(apis, ben);
    const read = () => as(ben, 'POST', `/api/notifications/${told?.id ?? ''}/read`);
    const first = await read();
    expect([first.status, first.body]).toEqual([200, { ...told, read_at: expect.any(String) }]);
    apis.clock_offset_ms += 5_000;
    const again = await read();
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await toldTo(apis, ben))[0]).toEqual(first.body);
  });

  test("another person's, or none, is 404", async () => {
    const [told] = await toldTo(apis, ben);
    for (const id of [told?.id ?? '', 'ntf_00zzz', 'x', group]) {
      const reply = await as(ana, 'POST', `/api/notifications/${id}/read`);
      expect([id, refusalOf(reply)]).toEqual([id, '404 not_found']);
    }
    expect((await toldTo(apis, ben))[0]?.read_at).toBeUndefined();
  });

  test('all answers 200 {read_count}', async () => {
    await say('1', '2');
    const all = () => as(ben, 'POST', '/api/notifications/read-all');
    expect(await all()).toMatchObject({ status: 200, body: { read_count: 3 } });
    expect(await all()).toMatchObject({ status: 200, body: { read_count: 0 } });
    expect((await toldTo(apis, ben)).every(({ read_at }) => read_at !== undefined)).toBe(true);
  });
});

describe('the title of an appointment', () => {
  /** Ben is told that he is on something of the group's; returns what he reads of it. */
  function placed(privacy: 'full' | 'freebusy'): () => Promise<Told | undefined> {
    const body = appointmentBody({
      title: 'Secret plans',
      privacy,
      start: Date.now() + HOUR_MS,
      end: Date.now() + 2 * HOUR_MS,
      group_key: parseId('grp', group),
    });
    commandTo(apis, keyOf(apis, 'ana'), body);
    return async () => (await toldTo(apis, ben)).find(({ type }) => type === 'placed');
  }

  test('is told to who sees everything of it', async () => {
    const told = placed('freebusy');
    expect((await told())?.payload).toEqual({
      actor_id: ana.id,
      actor_username: 'ana',
      group_id: group,
      group_name: 'Team',
      appointment_id: expect.stringMatching(/^apt_/),
      appointment_title: 'Secret plans',
    });
  });

  test.each(['full', 'freebusy'] as const)(
    'and no more to who has left the group, and with it the appointment (%s)',
    async (privacy) => {
      const told = placed(privacy);
      await as(ana, 'DELETE', `/api/groups/${group}/members/${ben.id}`);
      const after = await told();
      expect(after?.payload).toEqual({
        actor_id: ana.id,
        actor_username: 'ana',
        group_id: group,
        appointment_id: expect.any(String),
      });
    },
  );
});
