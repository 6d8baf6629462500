import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import { People, refusalOf } from './people.ts';
import type { Person, TestGroup } from './people.ts';

/** Node 0 leads; node 1 follows, and forwards. */
const FOLLOWER = 1;

let apis: FakeApis;
let people: People;
let ana: Person;
let ben: Person;
let eva: Person;
let group: TestGroup;

beforeEach(async () => {
  apis = await FakeApis.start(2, { leader_routing: 'forward' });
  people = new People(apis);
  [ana, ben, eva] = await people.registerAll('ana', 'ben', 'eva');
  group = people.group(ana, 'hierarchical', [[eva, 5]]);
});
afterEach(() => apis.stop());

const shared = () =>
  meeting(9, { group_id: group.id, participants: [{ username: 'ben', is_optional: true }] });

const headers = { 'idempotency-key': 'k' };

/** Sends it, lets things happen, and sends it again at each replica. */
async function expectFirstAgain(send: () => Promise<Reply>, happen: () => Promise<void>) {
  const first = await send();
  expect([first.status < 300, first.headers.get('idempotency-replayed')]).toEqual([true, null]);
  await happen();
  for (const at of [0, FOLLOWER]) {
    people.at = at;
    const again = await send();
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    for (const name of ['location', 'etag']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  }
  people.at = 0;
}

/** Answers, moves, and people who come and go. */
async function muchHappens(path: string): Promise<void> {
  await people.call(ben, 'POST', `${path}/accept`, { note: 'Yes' });
  await people.call(eva, 'POST', `${path}/accept`, { note: 'If I must' });
  await people.call(ana, 'PATCH', path, { end: '2027-01-15T12:00:00Z', title: 'Longer' });
  await people.call(ana, 'PATCH', path, { participants: [{ username: 'ben' }] });
  await people.call(ana, 'PATCH', path, { participants: [] });
  people.leave(eva, group.key);
  people.join(ana, group.key, ben, 3);
  await people.call(ana, 'DELETE', path);
}

describe('the same key gives the first body again, whatever came after', () => {
  test('of what was created, with the people as they were', async () => {
    let path = '';
    await expectFirstAgain(
      async () => {
        const reply = await people.call(ana, 'POST', '/api/appointments', shared(), headers);
        path = String(reply.headers.get('location'));
        return reply;
      },
      () => muchHappens(path),
    );
    expect([...apis.state.appointments.keys()]).toHaveLength(1);
  });

  test('of a change of the appointment: its status is the one it had then', async () => {
    const path = await people.book(ana, 9, { participants: [{ username: 'ben' }] });
    await expectFirstAgain(
      () => people.call(ana, 'PATCH', path, { title: 'Other' }, headers),
      async () => {
        await people.call(ben, 'POST', `${path}/accept`);
        expect((await people.read(ana, path)).appointment).toMatchObject({ status: 'accepted' });
      },
    );
  });

  test('of an answer', async () => {
    const path = await people.book(ana, 9, shared());
    await expectFirstAgain(
      () => people.call(ben, 'POST', `${path}/accept`, { note: 'Gladly' }, headers),
      async () => {
        await people.call(ben, 'POST', `${path}/reject`, { note: 'Or not' });
        await muchHappens(path);
      },
    );
  });

  test('of the owner’s answer', async () => {
    const path = await people.book(ana, 9, shared());
    await expectFirstAgain(
      () => people.call(ana, 'POST', `${path}/accept`, {}, headers),
      () => muchHappens(path),
    );
  });

  test('of an objection', async () => {
    const path = await people.book(ana, 9, shared());
    await expectFirstAgain(
      () => people.call(eva, 'POST', `${path}/objection`, { note: 'Too early' }, headers),
      async () => {
        await people.call(eva, 'POST', `${path}/objection`, { note: 'Too late' });
        await muchHappens(path);
      },
    );
  });

  test('of an objection that was there already: 200, and not that of the first', async () => {
    const path = await people.book(ana, 9, shared());
    const object = (note: string, key: Record<string, string> = {}) =>
      people.call(eva, 'POST', `${path}/objection`, { note }, key);
    const first = await object('Too early', { 'idempotency-key': 'first' });
    for (const note of ['Too early', 'Too late']) {
      await expectFirstAgain(
        () => object(note, { 'idempotency-key': note }),
        async () => {
          expect((await object(note)).status).toBe(200);
        },
      );
    }
    const statuses = ['first', 'Too early', 'Too late'].map(async (key) => {
      const note = key === 'first' ? 'Too early' : key;
      return (await object(note, { 'idempotency-key': key })).status;
    });
    expect([first.status, ...(await Promise.all(statuses))]).toEqual([201, 201, 200, 200]);
  });

  test('of a proposal: open, as it was', async () => {
    const path = await people.book(ana, 9, shared());
    const { start, end } = meeting(12);
    let id = '';
    await expectFirstAgain(
      async () => {
        const reply = await people.call(ben, 'POST', `${path}/proposals`, { start, end }, headers);
        id = String(reply.body['id']);
        return reply;
      },
      async () => {
        await people.call(ana, 'POST', `${path}/proposals/${id}/accept`);
        await people.call(ana, 'PATCH', path, {
          all_day: true,
          start: '2027-02-01',
          end: '2027-02-02',
        });
        await muchHappens(path);
      },
    );
  });

  test.each(['accept', 'reject'])('of a judgement of it: %s', async (judgement) => {
    const path = await people.book(ana, 9, shared());
    const { start, end } = meeting(12);
    const made = await people.call(ben, 'POST', `${path}/proposals`, { start, end });
    const judge = `${path}/proposals/${String(made.body['id'])}/${judgement}`;
    await expectFirstAgain(
      () => people.call(ana, 'POST', judge, undefined, headers),
      () => muchHappens(path),
    );
  });

  test('of a release', async () => {
    const path = await people.book(ana, 9, shared());
    await expectFirstAgain(
      () => people.call(ana, 'POST', `${path}/participants/${eva.id}/release`, undefined, headers),
      async () => {
        await people.call(eva, 'POST', `${path}/accept`);
        await muchHappens(path);
      },
    );
  });
});

describe('forwarded by a follower', () => {
  beforeEach(() => {
    people.at = FOLLOWER;
  });

  test('each of them is done at the leader, and answered alike', async () => {
    const created = await people.call(ana, 'POST', '/api/appointments', shared());
    expect(created.status).toBe(201);
    expect(created.body['participants']).toHaveLength(3);
    const path = String(created.headers.get('location'));
    const { start, end } = meeting(12);
    const made = await people.call(ben, 'POST', `${path}/proposals`, { start, end });
    const proposal = `${path}/proposals/${String(made.body['id'])}`;
    const other = await people.call(eva, 'POST', `${path}/proposals`, { start, end });
    const other_proposal = `${path}/proposals/${String(other.body['id'])}`;
    const replies = [
      made,
      other,
      await people.call(ben, 'POST', `${path}/accept`, { sequence: 0 }),
      await people.call(ben, 'POST', `${path}/reject`),
      await people.call(eva, 'POST', `${path}/objection`, { note: 'No' }),
      await people.call(ana, 'POST', `${other_proposal}/reject`),
      await people.call(ana, 'POST', `${proposal}/accept`),
      await people.call(ana, 'POST', `${path}/participants/${eva.id}/release`),
      await people.call(ana, 'PUT', path, { ...shared(), title: 'Other' }),
      await people.call(ana, 'PATCH', path, { participants: [], follow_group: false }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([
      201, 201, 200, 200, 201, 200, 200, 200, 200, 200,
    ]);
    for (const reply of replies) expect(reply.headers.get('agenda-served-by')).toBe('agenda-1');
    expect(apis.forwarded).toHaveLength(replies.length + 1);
    expect(refusalOf(await people.call(eva, 'POST', `${proposal}/accept`))).toEqual([
      403,
      'forbidden',
    ]);
  });

  test('the leader works out the times of a proposal with its own zone table', async () => {
    const days = { all_day: true, start: '2027-01-15', end: '2027-01-16' };
    const path = await people.book(ana, 9, {
      ...days,
      time_zone: 'Europe/Madrid',
      participants: [{ username: 'ben' }],
    });
    const asked = { start: '2027-01-20', end: '2027-01-21' };
    const { status, body } = await people.call(ben, 'POST', `${path}/proposals`, asked);
    expect([status, body['start'], body['end']]).toEqual([201, asked.start, asked.end]);
    const { command } = apis.forwarded.at(-1) ?? {};
    if (command?.body.kind !== 'appointment.propose') throw new Error('not a proposal');
    // Another table: an hour off.
    const { start, end, start_offset_s, end_offset_s } = command.body;
    const stale = {
      ...command,
      request_id: 'stale',
      body: {
        ...command.body,
        start: start + 3_600_000,
        end: end + 3_600_000,
        start_offset_s: start_offset_s - 3_600,
        end_offset_s: end_offset_s - 3_600,
      },
    };
    const answer = await apis.node(0).api.receiveForwarded('agenda-2', stale);
    expect(answer).toMatchObject({ kind: 'result', result: { outcome: { kind: 'done' } } });
    expect(apis.state.commands.at(-1)?.body).toMatchObject({
      start,
      end,
      start_offset_s,
      end_offset_s,
    });
    const nowhere = { ...command, body: { ...command.body, time_zone: 'Europe/Nowhere' } };
    expect(await apis.node(0).api.receiveForwarded('agenda-2', nowhere)).toMatchObject({
      kind: 'problem',
      code: 'invalid_request',
    });
  });
});
