import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting } from '../api-fixture.ts';
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

const create = (by: Person, body: object) => people.call(by, 'POST', '/api/appointments', body);

describe('creating', () => {
  test('with participants answers {appointment, participants}, the owner first', async () => {
    const invited = [{ username: 'BEN' }, { user_id: eva.id, is_optional: true }];
    const reply = await create(ana, meeting(9, { participants: invited }));
    expect(reply.status).toBe(201);
    expect(reply.body).toEqual({
      appointment: expect.objectContaining({
        owner_id: ana.id,
        group_id: null,
        status: 'pending',
        my_status: 'accepted',
        version: 1,
      }),
      participants: [
        partOf(ana, { status: 'accepted' }),
        partOf(ben),
        partOf(eva, { is_optional: true }),
      ],
    });
    const { id } = reply.body['appointment'] as { id: string };
    expect(reply.headers.get('location')).toBe(`/api/appointments/${id}`);
    expect(reply.headers.get('etag')).toBe('"1"');
  });

  test('with group_id too: members below the owner are auto, others pending', async () => {
    const group = people.group(ana, 'hierarchical', [
      [ben, 5],
      [eva, 7],
    ]);
    const reply = await create(ben, meeting(9, { group_id: group.id }));
    expect(reply.body).toMatchObject({
      appointment: { group_id: group.id, owner_id: ben.id },
      participants: [
        partOf(ben, { status: 'accepted' }),
        partOf(ana),
        partOf(eva, { status: 'pending' }),
      ],
    });
    const of_ana = await create(ana, meeting(9, { group_id: group.id, participants: [] }));
    expect(of_ana.body).toMatchObject({
      appointment: { status: 'accepted' },
      participants: [{ username: 'ana' }, { status: 'auto' }, { status: 'auto' }],
    });
  });

  test('a personal one answers the appointment', async () => {
    for (const more of [{}, { group_id: null, participants: [] }]) {
      const reply = await create(ana, meeting(9, { ...more, allow_conflict: true }));
      expect(reply.body).toMatchObject({ owner_id: ana.id, my_status: 'accepted' });
    }
  });

  test('a group or a person that is not there is 404, and nothing is left', async () => {
    const group = people.group(ana, 'non_hierarchical', []);
    const before = apis.state.tables();
    for (const more of [
      { group_id: 'grp_00zzz' },
      { group_id: 'mine' },
      { group_id: group.id },
      { participants: [{ username: 'nobody' }] },
      { participants: [{ username: 'x'.repeat(120) }] },
      { participants: [{ username: '\u{e000}' }] },
      { participants: [{ user_id: 'usr_00zzz' }] },
      { participants: [{ username: 'eva' }, { user_id: 'eva' }] },
    ]) {
      const reply = await create(ben, meeting(9, more));
      expect([more, refusalOf(reply)]).toEqual([more, [404, 'not_found']]);
    }
    expect(apis.state.tables()).toEqual(before);
  });

  test.each<[unknown, string]>([
    [[{ username: 'ben', user_id: 'usr_001' }], 'participants.0'],
    [[{ is_optional: true }], 'participants.0'],
    [[{ username: 'ben', rank: 5 }], 'participants.0.rank'],
    [[{ username: 5 }], 'participants.0.username'],
    ['ben', 'participants'],
    [null, 'participants'],
    [Array.from({ length: 201 }, () => ({ username: 'ben' })), 'participants'],
  ])('what names nobody is 400 with its field: %j', async (participants, field) => {
    const reply = await create(ana, meeting(9, { participants }));
    expect([refusalOf(reply), fieldsNamedIn(reply)]).toEqual([[400, 'invalid_request'], [field]]);
  });

  test('invitations are never refused for a conflict: they are shown with it', async () => {
    await people.book(ben, 9);
    const path = await people.book(ana, 9, { participants: [{ username: 'ben' }] });
    const shown = async (by: Person) =>
      (await people.read(by, path)).participants.map((one) => one['has_conflict']);
    expect(await shown(ben)).toEqual([undefined, true]);
    expect(await shown(ana)).toEqual([false, undefined]);
    const { body } = await people.call(ben, 'GET', `${path}/participants`);
    expect(body['items']).toMatchObject([{}, { has_conflict: true }]);
    const mine = await people.call(ben, 'GET', `${path}/my-status`);
    expect(mine.body).toMatchObject({ username: 'ben', status: 'pending', has_conflict: true });
    const accepted = await people.call(ben, 'POST', `${path}/accept`);
    expect(accepted.status).toBe(200);
    expect(accepted.body).not.toHaveProperty('has_conflict');
  });

  test('auto placements are shown with it, to the owner and to the person, and to nobody else', async () => {
    await people.book(ben, 9);
    const group = people.group(ana, 'hierarchical', [
      [ben, 5],
      [eva, 5],
    ]);
    const path = await people.book(ana, 9, { group_id: group.id });
    const shown = async (by: Person) => {
      const { participants } = await people.read(by, path);
      return participants.map((one) => one['has_conflict']);
    };
    expect(await shown(ana)).toEqual([false, true, false]);
    const statuses = [ana, ben, eva].map((by) => people.call(by, 'GET', `${path}/my-status`));
    const mine = (await Promise.all(statuses)).map(({ body }) => body['has_conflict']);
    expect(mine).toEqual([false, true, false]);
    expect(await shown(ben)).toEqual([undefined, true, undefined]);
    expect(await shown(eva)).toEqual([undefined, undefined, false]);
    await people.call(ana, 'PATCH', path, { busy: false });
    expect(await shown(ana)).toEqual([false, false, false]);
  });

  test('of what the owner overlaps only what they see is told: all is on their own agenda', async () => {
    const group = people.group(ben, 'hierarchical', [[ana, 1]]);
    const path = await people.book(ben, 9, { group_id: group.id, privacy: 'freebusy' });
    const refused = await create(ana, meeting(9));
    expect(refusalOf(refused)).toEqual([409, 'conflict']);
    expect(refused.body['overlaps']).toMatchObject([
      { id: path.split('/').at(-1), title: 'Meeting 9' },
    ]);
  });
});

describe('PUT and PATCH of who is on it', () => {
  let path: string;
  beforeEach(async () => {
    path = await people.book(ana, 9, { participants: [{ username: 'ben', is_optional: true }] });
  });

  test('PUT without participants names none; with them, those', async () => {
    const named = await people.call(ana, 'PUT', path, {
      ...meeting(9),
      participants: [{ username: 'eva' }],
    });
    expect([named.status, named.headers.get('etag')]).toEqual([200, '"2"']);
    expect(await people.statuses(ana, path)).toEqual({ ana: 'accepted', eva: 'pending' });
    await people.call(ana, 'PUT', path, meeting(9));
    expect(await people.statuses(ana, path)).toEqual({ ana: 'accepted' });
    expect(refusalOf(await people.call(eva, 'GET', path))).toEqual([404, 'not_found']);
  });

  test('PATCH without participants keeps them; null names none', async () => {
    const reply = await people.call(ana, 'PATCH', path, { title: 'Other' });
    expect(reply.body).toMatchObject({ title: 'Other', version: 2, my_status: 'accepted' });
    expect((await people.read(ana, path)).participants[1]).toMatchObject({
      username: 'ben',
      is_optional: true,
      version: 1,
    });
    await people.call(ana, 'PATCH', path, { participants: null });
    expect(await people.statuses(ana, path)).toEqual({ ana: 'accepted' });
  });

  test('PATCH names people anew', async () => {
    const participants = [{ user_id: ben.id }, { username: 'eva', is_optional: true }];
    await people.call(ana, 'PATCH', path, { participants });
    expect((await people.read(ana, path)).participants).toMatchObject([
      { username: 'ana' },
      { username: 'ben', is_optional: false, version: 2 },
      { username: 'eva', is_optional: true, version: 1 },
    ]);
  });

  test('follow_group: PUT without it is true, PATCH without it keeps it', async () => {
    const group = people.group(ana, 'non_hierarchical', []);
    const other = await people.book(ana, 10, { group_id: group.id, follow_group: false });
    await people.call(ana, 'PATCH', other, { title: 'Other' });
    people.join(ana, group.key, ben, null);
    expect(await people.statuses(ana, other)).toEqual({ ana: 'accepted' });
    await people.call(ana, 'PUT', other, meeting(10));
    people.join(ana, group.key, eva, null);
    expect(await people.statuses(ana, other)).toEqual({ ana: 'accepted', eva: 'pending' });
    await people.call(ana, 'PATCH', other, { follow_group: false });
    people.leave(eva, group.key);
    expect(await people.statuses(ana, other)).toEqual({ ana: 'accepted', eva: 'pending' });
  });

  test('follow_group: PATCH with null is true', async () => {
    const group = people.group(ana, 'non_hierarchical', []);
    const other = await people.book(ana, 10, { group_id: group.id, follow_group: false });
    people.join(ana, group.key, ben, null);
    expect((await people.call(ana, 'PATCH', other, { follow_group: null })).status).toBe(200);
    people.join(ana, group.key, eva, null);
    expect(await people.statuses(ana, other)).toEqual({ ana: 'accepted', eva: 'pending' });
  });

  test('group_id may be repeated, and never changes', async () => {
    const group = people.group(ana, 'non_hierarchical', []);
    const other = await people.book(ana, 10, { group_id: group.id });
    for (const method of ['PUT', 'PATCH']) {
      const same = await people.call(ana, method, other, { ...meeting(10), group_id: group.id });
      expect([same.status, same.body['group_id']]).toEqual([200, group.id]);
      const moved = await people.call(ana, method, path, { ...meeting(9), group_id: group.id });
      expect([refusalOf(moved), fieldsNamedIn(moved)]).toEqual([
        [400, 'invalid_request'],
        ['group_id'],
      ]);
    }
  });

  test('by the owner only: 403 for others on it, 404 for who does not see it', async () => {
    for (const [method, body] of [
      ['PUT', meeting(9)],
      ['PATCH', { title: 'Mine' }],
      ['DELETE', undefined],
    ] as const) {
      expect(refusalOf(await people.call(ben, method, path, body))).toEqual([403, 'forbidden']);
      expect(refusalOf(await people.call(eva, method, path, body))).toEqual([404, 'not_found']);
    }
    expect((await people.read(ana, path)).appointment).toMatchObject({ version: 1 });
  });

  test('moved, everybody who accepted is asked again', async () => {
    await people.call(ben, 'POST', `${path}/accept`);
    await people.call(ana, 'PATCH', path, { end: '2027-01-15T11:00:00Z' });
    expect(await people.statuses(ben, path)).toEqual({ ana: 'accepted', ben: 'pending' });
    expect((await people.read(ben, path)).appointment).toMatchObject({ sequence: 1 });
  });

  test('an answer in between does not make a PATCH be computed again, and is kept', async () => {
    const { replica } = apis.node(0);
    const propose = replica.propose.bind(replica);
    replica.propose = async (command) => {
      replica.propose = propose;
      await people.call(ben, 'POST', `${path}/accept`);
      return propose(command);
    };
    const before = apis.state.commands.length;
    const reply = await people.call(ana, 'PATCH', path, { title: 'Other' });
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"2"']);
    expect(apis.state.commands).toHaveLength(before + 2);
    expect(await people.statuses(ana, path)).toEqual({ ana: 'accepted', ben: 'accepted' });
  });
});
