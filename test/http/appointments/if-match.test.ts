import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting } from '../api-fixture.ts';
import { People, refusalOf } from './people.ts';
import type { Person } from './people.ts';

/** Node 0 leads; node 1 follows. */
const FOLLOWER = 1;

let apis: FakeApis;
let people: People;
let ana: Person;
let ben: Person;
let eva: Person;
/** Ana's, at 9: Ben is asked, Eva is placed. */
let path: string;
/** Of Ben, at 12. */
let proposal: string;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  people = new People(apis);
  [ana, ben, eva] = await people.registerAll('ana', 'ben', 'eva');
  const group = people.group(ana, 'hierarchical', [[eva, 5]]);
  path = await people.book(ana, 9, { group_id: group.id, participants: [{ username: 'ben' }] });
  const made = await people.call(ben, 'POST', `${path}/proposals`, times(12));
  proposal = `/proposals/${String(made.body['id'])}`;
});
afterEach(() => apis.stop());

function times(hour: number) {
  const { start, end } = meeting(hour);
  return { start, end };
}

interface Write {
  readonly by: Person;
  readonly more: string;
  readonly body?: unknown;
}

/** What compares the version of the appointment; all of them can be done while it is 2. */
const of_appointment: readonly (readonly [string, () => Write])[] = [
  ['accept a proposal', () => ({ by: ana, more: `${proposal}/accept` })],
  ['reject a proposal', () => ({ by: ana, more: `${proposal}/reject` })],
  ['propose', () => ({ by: eva, more: '/proposals', body: times(15) })],
  ['object', () => ({ by: eva, more: '/objection', body: { note: 'Too early' } })],
];

/** What compares the version of the participant; all of them can be done while it is 2. */
const of_participant: readonly (readonly [string, () => Write])[] = [
  ['accept', () => ({ by: ben, more: '/accept', body: { note: 'Gladly' } })],
  ['reject', () => ({ by: ben, more: '/reject' })],
  ['release', () => ({ by: ana, more: `/participants/${eva.id}/release` })],
];

const all = [...of_appointment, ...of_participant];

const send = (write: Write, headers: Record<string, string> = {}) =>
  people.call(write.by, 'POST', path + write.more, write.body, headers);

/** The appointment and what people say of it get another version each; the proposal stays open. */
async function change(): Promise<void> {
  await people.call(ana, 'PATCH', path, { title: 'Before' });
  await people.call(ben, 'POST', `${path}/accept`, { note: 'At first' });
  await people.call(eva, 'POST', `${path}/accept`, { note: 'If I must' });
}

describe('If-Match on what people say of an appointment', () => {
  test.each(all)('a lost update is 412 and changes nothing: %s', async (_what, write) => {
    await change();
    const before = apis.state.tables();
    for (const at of [0, FOLLOWER]) {
      people.at = at;
      const headers = { 'if-match': '"1", "3"', 'agenda-routing': 'forward' };
      expect(refusalOf(await send(write(), headers))).toEqual([412, 'precondition_failed']);
    }
    expect(apis.state.tables()).toEqual(before);
    const current = await send(write(), { 'if-match': '"2"', 'agenda-routing': 'forward' });
    expect([current.status, current.headers.get('agenda-served-by')]).toEqual([
      current.headers.has('location') ? 201 : 200,
      'agenda-1',
    ]);
  });

  test.each(all)('without it, and with a star, any version will do: %s', async (_what, write) => {
    await change();
    expect((await send(write())).status).toBeLessThan(300);
    expect(apis.state.commands.at(-1)?.body).not.toHaveProperty('if_match');
    const star = await send(write(), { 'if-match': '*' });
    expect(star.status).toBeLessThan(300);
  });

  test.each(all)('what is no entity tag is 400: %s', async (_what, write) => {
    const reply = await send(write(), { 'if-match': 'W/"1"' });
    expect(refusalOf(reply)).toEqual([400, 'invalid_request']);
  });

  test.each(all)('sent again with its key it is the first answer: %s', async (_what, write) => {
    const headers = { 'if-match': '"1"', 'idempotency-key': 'k' };
    const first = await send(write(), headers);
    await change();
    const again = await send(write(), headers);
    expect([first.status < 300, again.status, again.text]).toEqual([
      true,
      first.status,
      first.text,
    ]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test.each(all)('and by its ticket as well: %s', async (_what, write) => {
    const headers = { 'if-match': '"1"' };
    const { by, more, body } = write();
    people.at = FOLLOWER;
    const redirect = await people.call(by, 'POST', path + more, body, headers);
    expect(redirect.status).toBe(307);
    const location = String(redirect.headers.get('location'));
    const first = await apis.call('POST', location, { body, headers });
    people.at = 0;
    await change();
    const again = await apis.call('POST', location, { body, headers });
    expect([first.status < 300, again.status, again.text]).toEqual([
      true,
      first.status,
      first.text,
    ]);
  });

  test('the ETag of an answer is what the next one matches', async () => {
    const accepted = await send({ by: ben, more: '/accept' });
    const etag = String(accepted.headers.get('etag'));
    const declined = await send({ by: ben, more: '/reject' }, { 'if-match': etag });
    expect([declined.status, declined.headers.get('etag')]).toEqual([200, '"3"']);
    const lost = await send({ by: ben, more: '/accept' }, { 'if-match': etag });
    expect(refusalOf(lost)).toEqual([412, 'precondition_failed']);
  });

  test('the owner’s part has one version', async () => {
    const accept = { by: ana, more: '/accept' };
    expect((await send(accept, { 'if-match': '"1"' })).status).toBe(200);
    const other = await send(accept, { 'if-match': '"2"' });
    expect(refusalOf(other)).toEqual([412, 'precondition_failed']);
  });

  test('it comes before the rules, and after what one may not see', async () => {
    const stranger = await people.register('stranger');
    const headers = { 'if-match': '"9"' };
    for (const [, write] of all) {
      const unseen = await send({ ...write(), by: stranger }, headers);
      expect(refusalOf(unseen)).toEqual([404, 'not_found']);
    }
    const imposed = await send({ by: eva, more: '/reject' }, headers);
    expect(refusalOf(imposed)).toEqual([412, 'precondition_failed']);
    const not_the_owner = await send({ by: ben, more: `${proposal}/accept` }, headers);
    expect(refusalOf(not_the_owner)).toEqual([412, 'precondition_failed']);
  });
});
