import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis, meeting } from '../api-fixture.ts';
import { People, refusalOf } from './people.ts';
import type { Person, TestGroup } from './people.ts';

let apis: FakeApis;
let people: People;
let ana: Person;
let ben: Person;
let eva: Person;
let stranger: Person;
let group: TestGroup;
/** Ana's, at 9: Ben is asked, Eva is placed. */
let path: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  people = new People(apis);
  [ana, ben, eva, stranger] = await people.registerAll('ana', 'ben', 'eva', 'stranger');
  group = people.group(ana, 'hierarchical', [[eva, 5]]);
  path = await people.book(ana, 9, {
    group_id: group.id,
    participants: [{ username: 'ben' }],
    time_zone: 'Europe/Madrid',
  });
});
afterEach(() => apis.stop());

const post = (by: Person, more: string, body?: unknown) =>
  people.call(by, 'POST', path + more, body);
const idOf = (): string => path.split('/').at(-1) ?? '';

describe('POST …/accept and …/reject', () => {
  test('200 with the participant', async () => {
    const reply = await post(ben, '/accept', { sequence: 0, note: 'Gladly' });
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"2"']);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(reply.body).toEqual({
      id: expect.stringMatching(/^par_00/),
      appointment_id: idOf(),
      user_id: ben.id,
      username: 'ben',
      display_name: 'The ben',
      status: 'accepted',
      is_optional: false,
      note: 'Gladly',
      version: 2,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect((await people.read(ana, path)).appointment).toMatchObject({
      status: 'accepted',
      version: 1,
    });
    expect((await post(ben, '/reject')).body).toMatchObject({ status: 'declined', version: 3 });
  });

  test('accepting twice is 200; the owner has accepted', async () => {
    const first = await post(ben, '/accept');
    const again = await post(ben, '/accept', {});
    expect([again.status, again.body]).toEqual([200, first.body]);
    const own = await post(ana, '/accept');
    expect([own.status, own.body['status'], own.body['username']]).toEqual([
      200,
      'accepted',
      'ana',
    ]);
    expect(refusalOf(await post(ana, '/reject'))).toEqual([403, 'forbidden']);
  });

  test('who is placed may not decline (403 imposed), may leave a note', async () => {
    expect(refusalOf(await post(eva, '/reject'))).toEqual([403, 'imposed']);
    const reply = await post(eva, '/accept', { note: 'As you wish' });
    expect(reply.body).toMatchObject({ status: 'auto', note: 'As you wish' });
  });

  test('who is placed may not remove it either (403 imposed)', async () => {
    const remove = (by: Person, headers = {}) =>
      people.call(by, 'DELETE', path, undefined, headers);
    const before = apis.state.tables();
    expect(refusalOf(await remove(eva))).toEqual([403, 'imposed']);
    expect(refusalOf(await remove(eva, { 'if-match': '"7"' }))).toEqual([
      412,
      'precondition_failed',
    ]);
    expect(refusalOf(await remove(ben))).toEqual([403, 'forbidden']);
    expect(refusalOf(await remove(stranger))).toEqual([404, 'not_found']);
    expect(refusalOf(await people.call(eva, 'PATCH', path, { title: 'Mine' }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(apis.state.tables()).toEqual(before);
    await post(ana, `/participants/${eva.id}/release`);
    expect(refusalOf(await remove(eva))).toEqual([403, 'forbidden']);
  });

  test('an older sequence is 409 stale', async () => {
    await people.call(ana, 'PATCH', path, { end: '2027-01-15T11:00:00Z' });
    expect(refusalOf(await post(ben, '/accept', { sequence: 0 }))).toEqual([409, 'stale']);
    expect((await post(ben, '/accept', { sequence: 1 })).status).toBe(200);
  });

  test.each<[unknown, string]>([
    [{ sequence: -1 }, 'sequence'],
    [{ sequence: 1.5 }, 'sequence'],
    [{ sequence: 3 }, 'sequence'],
    [{ note: '' }, 'note'],
    [{ note: 'x'.repeat(limits.note_characters_max + 1) }, 'note'],
    [{ status: 'accepted' }, 'status'],
  ])('what is wrong is 400 with its field: %j', async (body, field) => {
    const reply = await post(ben, '/accept', body);
    expect(refusalOf(reply)).toEqual([400, 'invalid_request']);
    expect(reply.body['errors']).toMatchObject([{ field }]);
  });

  test('one may change one’s answer until the start', async () => {
    apis.clock_offset_ms = Date.parse('2027-01-15T09:00:00Z') - Date.now();
    const body = { username: 'ben', password: 'an uncommon password' };
    const { token } = (await apis.call('POST', '/login', { body })).body as { token: string };
    expect(refusalOf(await post({ ...ben, token }, '/accept'))).toEqual([403, 'forbidden']);
  });
});

describe('POST …/objection', () => {
  test('201 with it and where all can be read; the last one of a person counts', async () => {
    const reply = await post(eva, '/objection', { note: 'Too\nearly' });
    expect([reply.status, reply.headers.get('location')]).toEqual([201, `${path}/objections`]);
    const objection = {
      appointment_id: idOf(),
      user_id: eva.id,
      note: 'Too\nearly',
      created_at: expect.any(String),
    };
    expect(reply.body).toEqual(objection);
    await post(eva, '/objection', { note: 'Too late' });
    await post(ben, '/objection', { note: 'No time' });
    const { body } = await people.call(ana, 'GET', `${path}/objections`);
    expect(body).toEqual({
      items: [
        { ...objection, note: 'Too late' },
        { ...objection, user_id: ben.id, note: 'No time' },
      ],
    });
  });

  test('again it is 200, with the same note or with another', async () => {
    const first = await post(eva, '/objection', { note: 'Too early' });
    const again = await post(eva, '/objection', { note: 'Too early' });
    expect([again.status, again.headers.get('location'), again.body]).toEqual([
      200,
      null,
      first.body,
    ]);
    const other = await post(eva, '/objection', { note: 'Too late' });
    expect([other.status, other.body['note']]).toEqual([200, 'Too late']);
    const theirs = await post(ben, '/objection', { note: 'Too early' });
    expect(theirs.status).toBe(201);
  });

  test('a note is required; not of the owner', async () => {
    for (const body of [{}, { note: '' }, { note: null }]) {
      expect(refusalOf(await post(eva, '/objection', body))).toEqual([400, 'invalid_request']);
    }
    expect(refusalOf(await post(ana, '/objection', { note: 'No' }))).toEqual([403, 'forbidden']);
  });
});

describe('POST …/proposals', () => {
  const later = { start: '2027-01-15T13:00:00+01:00', end: '2027-01-15T13:00:00Z' };

  test('201 with it, and where it can be read', async () => {
    const reply = await post(ben, '/proposals', { ...later, note: 'After lunch' });
    const proposal = {
      id: expect.stringMatching(/^prp_00/),
      appointment_id: idOf(),
      user_id: ben.id,
      start: '2027-01-15T12:00:00Z',
      end: '2027-01-15T13:00:00Z',
      note: 'After lunch',
      status: 'open',
      created_at: expect.any(String),
    };
    expect([reply.status, reply.body]).toEqual([201, proposal]);
    const location = String(reply.headers.get('location'));
    expect(location).toBe(`${path}/proposals/${String(reply.body['id'])}`);
    expect((await people.call(eva, 'GET', location)).body).toEqual(reply.body);
    const { body } = await people.call(ana, 'GET', `${path}/proposals`);
    expect(body).toEqual({ items: [reply.body] });
  });

  test('accepted by the owner it moves the appointment; in it the proposer has accepted', async () => {
    const { body } = await post(ben, '/proposals', later);
    const reply = await post(ana, `/proposals/${String(body['id'])}/accept`);
    expect([reply.status, reply.body]).toEqual([200, { ...body, status: 'accepted' }]);
    const { appointment } = await people.read(ben, path);
    expect(appointment).toMatchObject({
      start: '2027-01-15T12:00:00Z',
      end: '2027-01-15T13:00:00Z',
      time_zone: 'Europe/Madrid',
      sequence: 1,
      version: 2,
      status: 'accepted',
    });
    expect(await people.statuses(ana, path)).toEqual({
      ana: 'accepted',
      eva: 'auto',
      ben: 'accepted',
    });
    const again = await post(ana, `/proposals/${String(body['id'])}/accept`);
    expect([again.status, again.body]).toEqual([200, reply.body]);
  });

  test('refused by the owner it stays there', async () => {
    const { body } = await post(ben, '/proposals', later);
    const reply = await post(ana, `/proposals/${String(body['id'])}/reject`);
    expect([reply.status, reply.body]).toEqual([200, { ...body, status: 'rejected' }]);
    expect((await people.read(ana, path)).appointment).toMatchObject({ version: 1 });
  });

  test.each([
    ['accept', 'reject'],
    ['reject', 'accept'],
  ])('a lost race is 409 stale, the same again is 200: %s, then %s', async (won, lost) => {
    const { body } = await post(ben, '/proposals', later);
    const judge = (judgement: string) => post(ana, `/proposals/${String(body['id'])}/${judgement}`);
    const first = await judge(won);
    const before = apis.state.tables();
    expect(refusalOf(await judge(lost))).toEqual([409, 'stale']);
    expect(apis.state.tables()).toEqual(before);
    const again = await judge(won);
    expect([again.status, again.body]).toEqual([200, first.body]);
  });

  test('a move supersedes what was proposed: it reads so, and judging it is stale', async () => {
    const { body } = await post(ben, '/proposals', later);
    await people.call(ana, 'PATCH', path, { end: '2027-01-15T11:00:00Z' });
    const location = `${path}/proposals/${String(body['id'])}`;
    expect((await people.call(ana, 'GET', location)).body).toMatchObject({ status: 'superseded' });
    expect(refusalOf(await people.call(ana, 'POST', `${location}/accept`))).toEqual([409, 'stale']);
  });

  test('onto something of the owner it is 409 conflict, unless allow_conflict', async () => {
    const other = await people.book(ana, 12);
    const { body } = await post(ben, '/proposals', later);
    const accept = `/proposals/${String(body['id'])}/accept`;
    const refused = await post(ana, accept);
    expect(refusalOf(refused)).toEqual([409, 'conflict']);
    expect(refused.body['overlaps']).toMatchObject([{ id: other.split('/').at(-1) }]);
    expect((await post(ana, accept, { allow_conflict: true })).status).toBe(200);
  });

  test('only the owner judges; what is not there is 404', async () => {
    const { body } = await post(ben, '/proposals', later);
    const id = String(body['id']);
    for (const judgement of ['accept', 'reject']) {
      const more = `/proposals/${id}/${judgement}`;
      expect(refusalOf(await post(ben, more))).toEqual([403, 'forbidden']);
      expect(refusalOf(await post(stranger, more))).toEqual([404, 'not_found']);
      for (const other of ['prp_00zzz', 'mine']) {
        const wrong = await post(ana, `/proposals/${other}/${judgement}`);
        expect(refusalOf(wrong)).toEqual([404, 'not_found']);
      }
    }
    for (const other of ['prp_00zzz', 'mine']) {
      const wrong = await people.call(ana, 'GET', `${path}/proposals/${other}`);
      expect(refusalOf(wrong)).toEqual([404, 'not_found']);
    }
  });

  test('dates when it is all-day, of the days of its own zone', async () => {
    const days = { all_day: true, start: '2027-01-15', end: '2027-01-16' };
    await people.call(ana, 'PATCH', path, days);
    const { status, body } = await post(ben, '/proposals', {
      start: '2027-01-20',
      end: '2027-01-22',
    });
    expect([status, body['start'], body['end']]).toEqual([201, '2027-01-20', '2027-01-22']);
    await post(ana, `/proposals/${String(body['id'])}/accept`);
    expect((await people.read(ana, path)).appointment).toMatchObject({
      start: '2027-01-20',
      end: '2027-01-22',
    });
    expect([...apis.state.appointments.values()].at(-1)).toMatchObject({
      start: Date.parse('2027-01-19T23:00:00Z'),
    });
  });

  test.each<[object, string]>([
    [{ start: later.start }, 'end'],
    [{ ...later, end: later.start }, 'end'],
    [{ ...later, end: '2027-01-16' }, 'end'],
    [{ start: '2027-01-15', end: '2027-01-16' }, 'start'],
    [{ start: '2027-01-15T09:00:00Z', end: '2027-01-15T10:00:00Z' }, 'start'],
    [{ ...later, title: 'x' }, 'title'],
  ])('what is wrong is 400 with its field: %j', async (body, field) => {
    const reply = await post(ben, '/proposals', body);
    expect(refusalOf(reply)).toEqual([400, 'invalid_request']);
    expect(reply.body['errors']).toMatchObject([{ field }]);
  });

  test('one that meets another zone in apply is worked out again, and nobody sees it', async () => {
    const days = { all_day: true, start: '2027-01-15', end: '2027-01-16' };
    await people.call(ana, 'PATCH', path, days);
    const { replica } = apis.node(0);
    const propose = replica.propose.bind(replica);
    replica.propose = async (command) => {
      replica.propose = propose;
      await people.call(ana, 'PATCH', path, { time_zone: 'Asia/Tokyo' });
      return propose(command);
    };
    const reply = await post(ben, '/proposals', { start: '2027-01-20', end: '2027-01-21' });
    expect(reply.body).toMatchObject({ start: '2027-01-20', end: '2027-01-21', status: 'open' });
    expect(apis.state.commands.at(-1)?.body).toMatchObject({
      time_zone: 'Asia/Tokyo',
      start: Date.parse('2027-01-19T15:00:00Z'),
    });
  });
});

describe('POST …/participants/{user_id}/release', () => {
  const release = (by: Person, user_id: string) => post(by, `/participants/${user_id}/release`);

  test('by the owner: 200 with the participant, declined', async () => {
    const reply = await release(ana, eva.id);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ username: 'eva', status: 'declined', version: 2 });
    expect((await release(ana, eva.id)).body).toEqual(reply.body);
  });

  test('not who was invited, nor by others; who is not on it is 404', async () => {
    expect(refusalOf(await release(ana, ben.id))).toEqual([403, 'forbidden']);
    expect(refusalOf(await release(ana, ana.id))).toEqual([403, 'forbidden']);
    expect(refusalOf(await release(eva, eva.id))).toEqual([403, 'forbidden']);
    expect(refusalOf(await release(ana, stranger.id))).toEqual([404, 'not_found']);
    expect(refusalOf(await release(ana, 'eva'))).toEqual([404, 'not_found']);
  });
});

test('a thing one may not see is 404, and what is refused leaves nothing behind', async () => {
  const member = await people.register('member');
  people.join(ana, group.key, member, 2);
  people.leave(member, group.key);
  await people.call(ana, 'PATCH', path, { follow_group: false });
  people.join(ana, group.key, member, 2);
  const { body } = await post(ben, '/proposals', meetingTimes(12));
  const proposal = `/proposals/${String(body['id'])}`;
  const writes: readonly (readonly [string, unknown])[] = [
    ['/accept', {}],
    ['/reject', undefined],
    ['/objection', { note: 'No' }],
    ['/proposals', meetingTimes(13)],
    [`${proposal}/accept`, undefined],
    [`${proposal}/reject`, undefined],
    [`/participants/${eva.id}/release`, undefined],
  ];
  const before = apis.state.tables();
  for (const [more, sent] of writes) {
    expect([more, refusalOf(await post(stranger, more, sent))]).toEqual([more, [404, 'not_found']]);
    // A member who is not on it sees it.
    expect([more, refusalOf(await post(member, more, sent))]).toEqual([more, [403, 'forbidden']]);
    const missing = `/api/appointments/apt_00zzz${more}`;
    expect(refusalOf(await people.call(ana, 'POST', missing, sent))).toEqual([404, 'not_found']);
  }
  for (const more of ['', '/participants', '/my-status', '/proposals', proposal, '/objections']) {
    expect(refusalOf(await people.call(stranger, 'GET', path + more))).toEqual([404, 'not_found']);
  }
  expect(apis.state.tables()).toEqual(before);
});

function meetingTimes(hour: number) {
  const { start, end } = meeting(hour);
  return { start, end };
}
