import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { eventually } from '../../support/eventually.ts';
import type { Answer } from '../api-client.ts';
import { agenda } from '../agenda-command.ts';
import { appointmentIn, made, Town } from './town.ts';
import type { Person } from './town.ts';

let town: Town;

beforeAll(async () => {
  town = await Town.found();
}, 120_000);
afterEach(() => town.bringBack(), 120_000);
afterAll(() => town.leave(), 60_000);

const DAY = '2031-03-04';

function hours(from: number, to: number): { start: string; end: string } {
  const at = (hour: number) => `${DAY}T${String(hour).padStart(2, '0')}:00:00Z`;
  return { start: at(from), end: at(to) };
}

/** Who is on it, and how. */
async function peopleOn(person: Person, id: string): Promise<readonly string[]> {
  const items = await town.list(person, `/api/appointments/${id}/participants`);
  return items.map((one) => `${String(one['username'])}: ${String(one['status'])}`);
}

async function statusOf(person: Person, id: string): Promise<unknown> {
  return appointmentIn(await town.read(person, `/api/appointments/${id}`), 200)['status'];
}

test('A manager places a meeting', async () => {
  const { marta, luis, nora } = await town.people('marta', 'luis', 'nora');
  const team = made(
    await town.act(marta, 'POST', '/api/groups', {
      name: 'Design',
      group_type: 'hierarchical',
    }),
  );
  expect(team['my_rank']).toBe(10);
  const group_id = String(team['id']);
  for (const { username } of [luis, nora]) {
    made(await town.act(marta, 'POST', `/api/groups/${group_id}/members`, { username, rank: 5 }));
  }
  const meeting = appointmentIn(
    await town.act(marta, 'POST', '/api/appointments', {
      title: 'Planning',
      group_id,
      ...hours(9, 10),
    }),
  );
  const id = String(meeting['id']);
  expect(meeting['status']).toBe('accepted');
  expect(await town.agenda(luis, DAY)).toEqual(['Planning: auto']);

  await town.killTheLeader();

  const declined = await town.act(luis, 'POST', `/api/appointments/${id}/reject`);
  expect([declined.status, declined.body['code']]).toEqual([403, 'imposed']);
  const note = 'I am with the dentist.';
  made(await town.act(luis, 'POST', `/api/appointments/${id}/objection`, { note }));
  const [objection] = await town.list(marta, `/api/appointments/${id}/objections`);
  expect(objection).toMatchObject({ user_id: luis.id, note });
  const released = await town.act(
    marta,
    'POST',
    `/api/appointments/${id}/participants/${luis.id}/release`,
  );
  expect(made(released, 200)).toMatchObject({ username: 'luis', status: 'declined' });
  expect(await town.agenda(luis, DAY)).toEqual([]);
  expect(await town.agenda(luis, DAY, '&include=declined')).toEqual(['Planning: declined']);
  expect(await town.agenda(nora, DAY)).toEqual(['Planning: auto']);
  expect(await peopleOn(marta, id)).toEqual(['marta: accepted', 'luis: declined', 'nora: auto']);
  expect(await town.told(luis)).toEqual([
    'group_member_added',
    'group_member_added',
    'placed',
    'appointment_updated',
  ]);
  expect(await town.told(marta)).toEqual(['appointment_updated']);
  // His time is his again.
  made(await town.act(luis, 'POST', '/api/appointments', { title: 'Dentist', ...hours(9, 10) }));
});

test('A peer declines and proposes another time', async () => {
  const { pablo, quim } = await town.people('pablo', 'quim');
  const lunch = appointmentIn(
    await town.act(pablo, 'POST', '/api/appointments', {
      title: 'Lunch',
      participants: [{ username: 'quim' }],
      ...hours(13, 14),
    }),
  );
  const path = `/api/appointments/${String(lunch['id'])}`;
  expect(lunch['status']).toBe('pending');
  made(await town.act(quim, 'POST', `${path}/reject`, { note: 'Too early for me.' }), 200);
  expect(await statusOf(pablo, String(lunch['id']))).toBe('declined');

  await town.killTheLeader();

  const proposal = made(await town.act(quim, 'POST', `${path}/proposals`, hours(14, 15)));
  expect(proposal['status']).toBe('open');
  const accept = `${path}/proposals/${String(proposal['id'])}/accept`;
  expect(made(await town.act(pablo, 'POST', accept), 200)['status']).toBe('accepted');
  const moved = appointmentIn(await town.read(quim, path), 200);
  expect(moved).toMatchObject({ ...hours(14, 15), sequence: 1, status: 'accepted' });
  expect(await town.agenda(quim, DAY)).toEqual(['Lunch: accepted']);
  const late = await town.act(quim, 'POST', `${path}/accept`, { sequence: 0 });
  expect([late.status, late.body['code']]).toEqual([409, 'stale']);
  expect(await town.told(quim)).toEqual(['invited', 'appointment_moved']);
  expect(await town.told(pablo)).toEqual(['invitation_declined', 'appointment_updated']);
});

test('Two race for a room', async () => {
  const { room } = await town.people('room');
  const book = (title: string): Promise<Answer> =>
    town.act(room, 'POST', '/api/appointments', { title, ...hours(9, 10) });
  const racing = ['Budget', 'Interview'].map(book);

  await town.killTheLeader();

  const answers = await Promise.all(racing);
  expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([201, 409]);
  const winner = must(
    answers.find(({ status }) => status === 201),
    'nobody won',
  );
  const loser = must(
    answers.find(({ status }) => status === 409),
    'nobody lost',
  );
  expect(loser.body).toMatchObject({
    code: 'conflict',
    overlaps: [{ id: winner.body['id'], title: winner.body['title'] }],
  });
  expect(await town.agenda(room, DAY)).toEqual([`${String(winner.body['title'])}: accepted`]);
});

test('A person leaves a group', async () => {
  const { clara, dario, eva } = await town.people('clara', 'dario', 'eva');
  const choir = made(
    await town.act(clara, 'POST', '/api/groups', {
      name: 'Choir',
      group_type: 'non_hierarchical',
    }),
  );
  const group = `/api/groups/${String(choir['id'])}`;
  for (const { username } of [eva, dario]) {
    made(await town.act(clara, 'POST', `${group}/members`, { username }));
  }
  const rehearsal = async (title: string, day: string): Promise<string> => {
    const times = { start: `${day}T18:00:00Z`, end: `${day}T20:00:00Z` };
    const body = { title, group_id: choir['id'], ...times };
    return String(appointmentIn(await town.act(clara, 'POST', '/api/appointments', body))['id']);
  };
  const was = await rehearsal('Rehearsal', '2020-01-07');
  const will_be = await rehearsal('Rehearsal', DAY);

  await town.killTheLeader();

  made(await town.act(dario, 'DELETE', `${group}/members/${dario.id}`), 204);
  expect((await town.read(dario, group)).status).toBe(404);
  expect((await town.read(dario, `/api/appointments/${will_be}`)).status).toBe(404);
  expect((await town.read(dario, `/api/appointments/${was}`)).status).toBe(200);
  expect(await town.agenda(dario, DAY)).toEqual([]);
  made(await town.act(clara, 'DELETE', `${group}/members/${clara.id}`), 204);
  const { body } = await town.read(eva, group);
  expect(body['group']).toMatchObject({ creator_username: 'eva' });
  made(await town.act(eva, 'DELETE', `${group}/members/${eva.id}`), 204);
  expect((await town.read(eva, group)).status).toBe(404);
  expect(await statusOf(clara, will_be)).toBe('cancelled');
  expect(await statusOf(clara, was)).not.toBe('cancelled');
});

test('An owner moves a meeting of twelve', async () => {
  const names = Array.from({ length: 11 }, (_, at) => `guest${at + 1}`);
  const { olga } = await town.people('olga');
  const guests = Object.values(await town.people(...names));
  const meeting = appointmentIn(
    await town.act(olga, 'POST', '/api/appointments', {
      title: 'Review',
      participants: names.map((username) => ({ username })),
      ...hours(9, 10),
    }),
  );
  const path = `/api/appointments/${String(meeting['id'])}`;
  const answerAll = (some: readonly Person[], answer: string): Promise<unknown> =>
    Promise.all(
      some.map(async (guest) => made(await town.act(guest, 'POST', `${path}/${answer}`), 200)),
    );
  await answerAll(guests.slice(0, 8), 'accept');
  await answerAll(guests.slice(8, 10), 'reject');

  await town.killTheLeader();

  const if_match = { 'if-match': `"${String(meeting['version'])}"` };
  const moved = made(await town.act(olga, 'PATCH', path, hours(10, 11), if_match), 200);
  expect(moved).toMatchObject({ ...hours(10, 11), sequence: 1, version: 2, status: 'pending' });
  const stale = await town.act(olga, 'PATCH', path, { title: 'Again' }, if_match);
  expect(stale.status).toBe(412);
  const people = await peopleOn(olga, String(meeting['id']));
  expect(people.filter((one) => one.endsWith('pending'))).toHaveLength(9);
  expect(people.filter((one) => one.endsWith('declined'))).toHaveLength(2);
  for (const guest of guests) {
    const moves = (await town.told(guest)).filter((type) => type === 'appointment_moved');
    expect(moves).toHaveLength(guests.indexOf(guest) === 8 || guests.indexOf(guest) === 9 ? 0 : 1);
  }
  await answerAll(guests, 'accept');
  expect(await statusOf(olga, String(meeting['id']))).toBe('accepted');
});

test('An operator asks who did what', async () => {
  const { ursula, vera } = await town.people('ursula', 'vera');
  const meeting = appointmentIn(
    await town.act(ursula, 'POST', '/api/appointments', {
      title: 'Board',
      participants: [{ username: 'vera' }],
      ...hours(9, 10),
    }),
  );
  const request_id = 'the-request-that-cancelled-it';
  const path = `/api/appointments/${String(meeting['id'])}`;
  made(await town.act(ursula, 'DELETE', path, undefined, { 'x-request-id': request_id }), 204);
  expect((await town.logInWrongly('ursula')).status).toBe(401);
  const logs = '/api/admin/audit/logs';
  // What happens at a replica is in the log a moment later; one that dies before takes it along.
  const isInAudit = (action: string) =>
    eventually(`${action} in the audit`, async () => {
      const [found] = await town.audit(vera, `${logs}?action=${action}`);
      return found ?? null;
    });
  await isInAudit('user.log_in_failed');

  await town.killTheLeader();

  expect((await town.read(vera, logs)).status).toBe(403);
  const [row, ...more] = await town.audit(vera, `${logs}?request_id=${request_id}`);
  expect(row).toMatchObject({
    component: 'appointments',
    action: 'appointment.cancel',
    actor_id: ursula.id,
    request_id,
  });
  expect(more).toEqual([]);
  expect(town.nodeIds()).toContain(row?.['node_id']);
  for (const action of ['user.log_in_failed', 'raft.election_won', 'replica.started']) {
    await isInAudit(action);
  }
  await town.bringBack();
  const answers = await Promise.all(
    town.origins().map((origin) => town.auditAt(origin, vera, `${logs}?request_id=${request_id}`)),
  );
  expect(answers).toEqual([[row], [row], [row]]);
  const at = new URL(must(town.origins()[0], 'nobody runs')).host;
  const verified = await agenda(['audit', 'verify', '--at', at]);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/agenda-3/)]);
});
