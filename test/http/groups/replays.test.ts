import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseId } from '../../../src/agenda/id.ts';
import { limits } from '../../../src/limits.ts';
import { FakeApis } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import { addTo, commandTo, keyOf, newGroup, person, toldTo } from './people.ts';
import type { Person } from './people.ts';

let apis: FakeApis;
let ana: Person;
let ben: Person;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  [ana, ben] = [await person(apis, 'ana'), await person(apis, 'ben')];
});
afterEach(() => apis.stop());

/** Sends it, lets something happen, sends it again, and compares. */
async function replayed(
  method: string,
  path: string,
  body: unknown,
  meanwhile: (first: Reply) => Promise<unknown>,
  by = ana,
): Promise<void> {
  const headers = { 'idempotency-key': `${method} ${path}` };
  const send = () => apis.call(method, path, { token: by.token, body, headers });
  const first = await send();
  expect([first.status < 300, first.headers.get('idempotency-replayed')]).toEqual([true, null]);
  await meanwhile(first);
  const again = await send();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  for (const name of ['location', 'etag']) {
    expect(again.headers.get(name)).toBe(first.headers.get(name));
  }
}

const call = (method: string, path: string, body?: unknown, by = ana): Promise<Reply> =>
  apis.call(method, path, { token: by.token, body });

describe('the same key gives the first answer again', () => {
  test('of a group that was renamed, handed over and deleted since', async () => {
    const body = { name: 'Team', group_type: 'hierarchical' };
    await replayed('POST', '/api/groups', body, async ({ body: { id } }) => {
      await addTo(apis, ana, String(id), { username: 'ben', rank: 1 });
      await call('PUT', `/api/groups/${String(id)}`, { name: 'Other' });
      await call('PUT', `/api/groups/${String(id)}/creator`, { user_id: ben.id });
      await call('DELETE', `/api/groups/${String(id)}`, undefined, ben);
    });
  });

  test('of a change of a group, with the rank that one had', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 3 });
    await call('PUT', `/api/groups/${id}/creator`, { user_id: ben.id });
    await replayed(
      'PUT',
      `/api/groups/${id}`,
      { name: 'Other' },
      async () => {
        await call('PUT', `/api/groups/${id}/members/${ben.id}`, { rank: 1 });
        await call('PUT', `/api/groups/${id}`, { name: 'Third' }, ben);
      },
      ben,
    );
  });

  test('of a handing over, after the next one', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 3 });
    await replayed('PUT', `/api/groups/${id}/creator`, { user_id: ben.id }, () =>
      call('PUT', `/api/groups/${id}/creator`, { user_id: ana.id }, ben),
    );
  });

  test('of a member whose rank changed, and who was removed since', async () => {
    const id = await newGroup(apis, ana);
    const path = `/api/groups/${id}/members`;
    await replayed('POST', path, { username: 'ben', rank: 3 }, async () => {
      await call('PUT', `${path}/${ben.id}`, { rank: 4 });
      await call('DELETE', `${path}/${ben.id}`);
    });
    await addTo(apis, ana, id, { username: 'ben', rank: 3 });
    await replayed('PUT', `${path}/${ben.id}`, { rank: 5 }, () =>
      call('DELETE', `/api/groups/${id}`),
    );
  });

  test('of what was removed: 204, and nobody is removed again', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 3 });
    await replayed('DELETE', `/api/groups/${id}/members/${ben.id}`, undefined, () =>
      addTo(apis, ana, id, { username: 'ben', rank: 3 }),
    );
    const { body } = await call('GET', `/api/groups/${id}`);
    expect(body['members']).toHaveLength(2);
    await replayed('DELETE', `/api/groups/${id}`, undefined, () => newGroup(apis, ana));
  });

  test('of a post that was deleted since', async () => {
    await replayed('POST', '/api/posts', { content: 'Hello' }, ({ body: { id } }) =>
      call('DELETE', `/api/posts/${String(id)}`),
    );
    const made = await call('POST', '/api/posts', { content: 'Hello' });
    const path = `/api/posts/${String(made.body['id'])}`;
    await replayed('DELETE', path, undefined, () => newGroup(apis, ana));
  });

  test('of a notification that was read, and went because there are newer ones', async () => {
    const id = await newGroup(apis, ana, 'non_hierarchical');
    await addTo(apis, ana, id, { username: 'ben' });
    const [told] = await toldTo(apis, ben);
    const path = `/api/notifications/${told?.id ?? ''}/read`;
    const more = async (): Promise<void> => {
      const body = { kind: 'post.create', content: 'More', group_key: parseId('grp', id) } as const;
      for (let at = 0; at < limits.notifications_max; at += 1) {
        commandTo(apis, keyOf(apis, 'ana'), body);
      }
      expect(await toldTo(apis, ben)).not.toContainEqual(expect.objectContaining({ id: told?.id }));
    };
    await replayed('POST', path, undefined, more, ben);
    const again = await call('POST', path, undefined, ben);
    expect(again.status).toBe(404);
    const read_all = '/api/notifications/read-all';
    const one_more = { content: 'One more', group_id: id };
    await replayed('POST', read_all, undefined, () => call('POST', '/api/posts', one_more), ben);
  });
});
