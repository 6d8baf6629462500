import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AgendaView } from '../../src/agenda/view.ts';
import type { ForwardResult } from '../../src/http/dependencies.ts';
import type { ForwardedCommand } from '../../src/http/forward/forwarded-command.ts';
import { limits } from '../../src/limits.ts';
import { FakeApis, good_password, meeting, registration } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

/** Node 0 leads; node 1 follows, and forwards. */
let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(3, { leader_routing: 'forward' });
  token = await apis.register('ana');
  apis.state.commands.length = 0;
});
afterEach(() => apis.stop());

const FOLLOWER = 1;
const body = meeting(9);

function create(more: object = {}): Promise<Reply> {
  return apis.call('POST', '/api/appointments', { at: FOLLOWER, token, body, ...more });
}

async function forwardedMetric(outcome: string): Promise<string> {
  const { text } = await apis.call('GET', '/metrics', { at: FOLLOWER });
  const line = text.split('\n').find((one) => one.includes(`outcome="${outcome}"`));
  return line?.split(' ')[1] ?? '0';
}

describe('forwards once, over the signed channel', () => {
  test.each(['Asia/Tokyo', 'America/Los_Angeles', 'Pacific/Kiritimati'])(
    'the first and the last date that can be written, in %s, as at the leader',
    async (time_zone) => {
      const dates = { all_day: true, start: '0001-01-01', end: '9999-12-31', time_zone };
      const reply = await create({ body: { title: 'Ever', ...dates } });
      expect([reply.status, reply.body]).toEqual([201, expect.objectContaining(dates)]);
      const path = String(reply.headers.get('location'));
      const changed = { at: FOLLOWER, token, body: { title: 'For ever' } };
      expect((await apis.call('PATCH', path, changed)).body).toMatchObject(dates);
    },
  );

  test('an instant that cannot be written is not admitted', async () => {
    const day = { all_day: true, start: '2027-03-01', end: '2027-03-02', time_zone: 'Asia/Tokyo' };
    apis.next_forward = () => {
      const sent = apis.forwarded.at(-1)?.command as { body: { start: number } };
      sent.body.start = Date.UTC(-1, 0, 1);
      return null;
    };
    const reply = await create({ body: { title: 'Never', ...day } });
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
  });

  test('the answer is that of the leader and says Agenda-Served-By, and Agenda-Index', async () => {
    const reply = await create();
    expect(reply.status).toBe(201);
    expect(reply.headers.get('agenda-served-by')).toBe('agenda-1');
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(reply.headers.get('etag')).toBe('"1"');
    expect(apis.forwarded).toHaveLength(1);
    expect(apis.node(FOLLOWER).replica.proposed).toBe(0);
    expect(await forwardedMetric('done')).toBe('1');
  });

  test("what is forwarded is the validated command and the user's token, not the HTTP request", async () => {
    await create({ headers: { 'idempotency-key': 'k', 'if-match': '"7"', 'x-secret': 'hush' } });
    expect(apis.forwarded[0]?.command).toEqual({
      request_id: expect.any(String),
      method: 'POST',
      path_and_query: '/api/appointments',
      if_match: '"7"',
      idempotency_key: 'k',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      credential: { kind: 'token', token },
      seen: { applied_index: apis.state.index - 1, user_version: 1 },
      body: expect.objectContaining({
        kind: 'appointment.create',
        start: Date.parse(body.start),
        description: '',
      }),
    });
  });

  test('without key or ticket nothing of the body is remembered', async () => {
    await create();
    expect(apis.forwarded[0]?.command.fingerprint).toBeNull();
    expect(apis.state.commands[0]?.remember).toBeNull();
  });

  test('registering is forwarded with the hash of the password, never the password', async () => {
    const reply = await apis.call('POST', '/register', { at: FOLLOWER, body: registration('eva') });
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
    expect(JSON.stringify(apis.forwarded)).not.toContain(good_password);
    expect(apis.forwarded[0]?.command.credential).toBeNull();
  });

  test('a refusal of the leader is the answer', async () => {
    await create();
    const reply = await create();
    expect([reply.status, reply.body['code']]).toEqual([409, 'conflict']);
    expect(reply.body['overlaps']).toHaveLength(1);
    expect(reply.headers.get('agenda-served-by')).toBe('agenda-1');
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(await forwardedMetric('refused')).toBe('1');
  });

  test('the same key gives the same answer through every replica', async () => {
    const headers = { 'idempotency-key': 'k' };
    const first = await create({ headers });
    const direct = await create({ at: 0, headers });
    const other = await create({ at: 2, headers });
    for (const again of [direct, other]) {
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(apis.state.appointments.size).toBe(1);
    const reused = await create({ headers, body: meeting(11) });
    expect([reused.status, reused.body['code']]).toEqual([422, 'idempotency_key_reused']);
  });

  test('a client reads its write at the replica that forwarded it, or is told that it cannot yet', async () => {
    apis.node(FOLLOWER).replica.applied_index = apis.state.index;
    const reply = await create();
    expect([reply.status, reply.body['code']]).toEqual([504, 'outcome_unknown']);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(apis.state.appointments.size).toBe(1);
  });
});

describe('when the leader is not the leader any more', () => {
  function afterwards(leader_id: string | null): void {
    apis.state.leader_id = leader_id;
    apis.state.term += 1;
  }

  test('it says so, and the new one gets the command, once', async () => {
    apis.next_forward = () => {
      if (apis.forwarded.length === 1) afterwards('agenda-3');
      return null;
    };
    const reply = await create();
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-3']);
    expect(apis.forwarded.map(({ to }) => to)).toEqual(['agenda-1', 'agenda-3']);
    expect(apis.state.commands).toHaveLength(1);
    expect(await forwardedMetric('not_leader')).toBe('1');
  });

  test('and the new one is this replica, it proposes itself', async () => {
    apis.next_forward = () => {
      afterwards('agenda-2');
      return null;
    };
    const reply = await create();
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, null]);
    expect(apis.state.commands[0]?.origin_node).toBe('agenda-2');
  });

  test('and none follows, or a second one moves too: 503, safe to retry', async () => {
    apis.next_forward = () => {
      afterwards(null);
      return null;
    };
    const none = await create();
    expect([none.status, none.body['code']]).toEqual([503, 'no_leader']);
    afterwards('agenda-1');
    apis.next_forward = () => {
      afterwards(apis.state.leader_id === 'agenda-1' ? 'agenda-3' : 'agenda-1');
      return null;
    };
    apis.forwarded.length = 0;
    const moving = await create();
    expect([moving.status, moving.body['code']]).toEqual([503, 'no_leader']);
    expect(moving.headers.get('retry-after')).not.toBeNull();
    expect(apis.forwarded).toHaveLength(2);
    expect(apis.state.commands).toEqual([]);
  });

  test('and cannot be reached, the next one gets it', async () => {
    apis.next_forward = () => {
      if (apis.forwarded.length > 1) return null;
      afterwards('agenda-3');
      return { kind: 'not_sent' };
    };
    const reply = await create();
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-3']);
    expect(await forwardedMetric('unreachable')).toBe('1');
  });
});

describe('an outcome that is not known is 504, and it is not sent again', () => {
  const unknown: [string, ForwardResult][] = [
    ['the connection broke after it was sent', { kind: 'unknown' }],
    ['an answer that makes no sense', { kind: 'answered', body: { kind: 'fine' } }],
    [
      'an answer from a leader that does not know',
      { kind: 'answered', body: { kind: 'result', result: { kind: 'unknown' } } },
    ],
  ];
  test.each(unknown)('%s', async (_what, result) => {
    apis.next_forward = () => result;
    const reply = await create();
    expect([reply.status, reply.body['code']]).toEqual([504, 'outcome_unknown']);
    expect(apis.forwarded).toHaveLength(1);
    expect(await forwardedMetric('unknown')).toBe('1');
  });

  test('too many under way: 503, nothing was sent', async () => {
    apis.next_forward = () => ({ kind: 'overloaded' });
    const reply = await create();
    expect([reply.status, reply.body['code']]).toEqual([503, 'overloaded']);
  });
});

describe('the leader takes nothing from a forwarder that it can make itself', () => {
  async function captured(make: () => Promise<Reply>): Promise<ForwardedCommand> {
    apis.next_forward = () => ({ kind: 'overloaded' });
    await make();
    apis.next_forward = null;
    const last = apis.forwarded.at(-1);
    if (last === undefined) throw new Error('nothing was forwarded');
    return last.command;
  }

  const register = () =>
    captured(() => apis.call('POST', '/register', { at: FOLLOWER, body: registration('eva') }));
  const submit = (command: unknown) => apis.node(0).api.receiveForwarded('agenda-2', command);

  test('it takes `by` and `token_version` from the token, the origin from the signature, `at` from its clock', async () => {
    const command = await captured(create);
    apis.clock_offset_ms = 3_600_000;
    const answer = await submit(command);
    expect(answer).toMatchObject({ kind: 'result', result: { kind: 'applied' } });
    const [user] = apis.state.users.values();
    const [taken] = apis.state.commands;
    expect(taken).toMatchObject({ by: user?.key, token_version: 1, origin_node: 'agenda-2' });
    expect(taken?.at).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test('it verifies the token again', async () => {
    const command = await captured(create);
    const forged = { kind: 'token', token: `${token.slice(0, -4)}AAAA` };
    for (const credential of [forged, null]) {
      const answer = await submit({ ...command, credential });
      expect(answer).toMatchObject({ kind: 'problem', code: 'unauthenticated' });
    }
    const [user] = apis.state.users.values();
    if (user !== undefined) apis.state.users.set(user.key, { ...user, token_version: 2 });
    expect(await submit(command)).toMatchObject({ kind: 'problem', code: 'unauthenticated' });
    expect(apis.state.commands).toEqual([]);
  });

  test('a ticket is good for the node that it names, for what it is bound to, and for its time', async () => {
    await apis.stop();
    apis = await FakeApis.start(3);
    token = await apis.register('ana');
    apis.state.commands.length = 0;
    const redirect = await create();
    apis.state.leader_id = 'agenda-3';
    const command = await captured(() =>
      apis.call('POST', String(redirect.headers.get('location')), { body }),
    );
    const receive = (from: string, changed: unknown) =>
      apis.node(2).api.receiveForwarded(from, changed);
    const refused = { kind: 'problem', code: 'unauthenticated' };
    expect(await receive('agenda-2', command)).toMatchObject(refused);
    for (const change of [
      { method: 'PUT' },
      { path_and_query: '/api/appointments?x' },
      { if_match: '"1"' },
      { idempotency_key: 'k' },
      { credential: { ...command.credential, body_hash: '0'.repeat(64) } },
    ]) {
      expect(await receive('agenda-1', { ...command, ...change })).toMatchObject(refused);
    }
    apis.clock_offset_ms =
      limits.ticket_ttl_ms + limits.rpc_clock_skew_ms + limits.request_deadline_ms;
    expect(await receive('agenda-1', command)).toMatchObject(refused);
    apis.clock_offset_ms = 0;
    expect(await receive('agenda-1', command)).toMatchObject({ kind: 'result' });
    expect(apis.state.commands).toHaveLength(1);
  });

  test('it applies its own schema and bounds', async () => {
    const command = await captured(create);
    const changes: object[] = [
      { title: '' },
      { title: 'x'.repeat(limits.title_characters_max + 1) },
      { title: '\ud800' },
      { description: 'x'.repeat(limits.description_characters_max + 1) },
      { start: 1.5 },
      { start: Number.MAX_SAFE_INTEGER },
      { time_zone: 'Europe/Atlantis' },
      { privacy: 'none' },
      { calendar_key: 0 },
      { colour: 'red' },
      { title: undefined },
      { kind: 'calendar.create_default', owner_key: 4096 },
      { kind: 'no.such_kind' },
      { kind: '__proto__' },
    ];
    for (const change of changes) {
      const changed = { ...command, body: { ...command.body, ...change } };
      const answer = await submit(JSON.parse(JSON.stringify(changed)));
      expect([change, answer]).toEqual([
        change,
        expect.objectContaining({ kind: 'problem', code: 'invalid_request' }),
      ]);
    }
    const frames = [null, [], 'x', {}, { ...command, more: 1 }, { ...command, request_id: 'a b' }];
    for (const frame of frames) {
      expect(await submit(frame)).toMatchObject({ kind: 'problem', code: 'invalid_request' });
    }
    expect(apis.state.commands).toEqual([]);
  });

  test('it folds names itself, and works out times itself', async () => {
    const person = await register();
    const made = { username_folded: 'ana', email_folded: 'x', display_name_folded: 'y' };
    await submit({ ...person, body: { ...person.body, ...made } });
    expect(apis.state.commands.at(-1)?.body).toMatchObject({
      username_folded: 'eva',
      email_folded: 'eva@example.org',
      display_name_folded: 'the eva',
    });

    const all_day = { title: 'Day', all_day: true, start: '2027-07-01', end: '2027-07-02' };
    const body_of_day = { ...all_day, time_zone: 'Europe/Madrid' };
    const day = await captured(() => create({ body: body_of_day }));
    const right = day.body;
    const off_by_an_hour = { ...right, start_offset_s: 3600, start: Date.UTC(2027, 5, 30, 23) };
    await submit({ ...day, body: off_by_an_hour });
    expect(apis.state.commands.at(-1)?.body).toEqual(right);
  });

  test('a password hash is accepted only with exactly our parameters and lengths', async () => {
    const person = await register();
    if (person.body.kind !== 'user.register') throw new Error('not a registration');
    const { password_hash } = person.body;
    for (const other of [
      password_hash.replace('m=19456', 'm=8'),
      password_hash.replace('t=2', 't=1'),
      password_hash.replace('p=1', 'p=2'),
      password_hash.replace('argon2id', 'argon2i'),
      password_hash.slice(0, -1),
      `${password_hash}A`,
      good_password,
    ]) {
      const answer = await submit({ ...person, body: { ...person.body, password_hash: other } });
      expect([other, answer]).toEqual([other, expect.objectContaining({ kind: 'problem' })]);
    }
    expect(await submit(person)).toMatchObject({ result: { outcome: { kind: 'done' } } });
  });

  test('it proposes only while it leads', async () => {
    const command = await captured(create);
    apis.state.leader_id = 'agenda-3';
    expect(await submit(command)).toEqual({
      kind: 'result',
      result: { kind: 'not_proposed', reason: 'not_leader' },
    });
  });

  test('defaults taken from a state that is old are taken again', async () => {
    const [user] = apis.state.users.values();
    if (user === undefined) throw new Error('nobody');
    const { replica } = apis.node(FOLLOWER);
    const { view } = replica;
    replica.view = Object.create(view, { userByKey: { value: () => user } }) as AgendaView;
    apis.state.users.set(user.key, { ...user, version: 2, time_zone: 'Asia/Tokyo' });
    apis.next_forward = () => {
      if (apis.forwarded.length === 2) replica.view = view;
      return null;
    };
    // The replica learns of the change when it waits for the index that the leader names.
    const waitForIndex = replica.waitForIndex.bind(replica);
    replica.waitForIndex = (index) => {
      if (apis.forwarded.length === 1) replica.view = view;
      return waitForIndex(index);
    };
    const reply = await create();
    expect([reply.status, reply.body['time_zone']]).toEqual([201, 'Asia/Tokyo']);
    expect(apis.state.commands).toHaveLength(1);
  });
});
