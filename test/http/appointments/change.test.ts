import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatId } from '../../../src/agenda/id.ts';
import { limits } from '../../../src/limits.ts';
import { FakeApis, meeting } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;
let id: string;
let created: Record<string, unknown>;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  const reply = await call('POST', '/api/appointments', {
    ...meeting(9),
    description: 'Text',
    privacy: 'freebusy',
    time_zone: 'Europe/Madrid',
  });
  created = reply.body;
  id = String(created['id']);
});
afterEach(() => apis.stop());

function call(method: string, path: string, body?: unknown, as = token): Promise<Reply> {
  return apis.call(method, path, { token: as, body });
}

const change = (method: string, body?: unknown, more = ''): Promise<Reply> =>
  call(method, `/api/appointments/${id}${more}`, body);

const read = async (): Promise<Record<string, unknown>> =>
  (await change('GET')).body['appointment'] as Record<string, unknown>;

const refusal = (reply: Reply) => [reply.status, reply.body['code']];

const fieldsOf = (reply: Reply): string[] =>
  (reply.body['errors'] as { field: string }[]).map((error) => error.field);

describe('PUT of an appointment replaces', () => {
  test('changing answers 200 with the thing; what never changes stays', async () => {
    const reply = await change('PUT', { ...meeting(11), description: 'Other', busy: false });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('etag')).toBe('"2"');
    expect(reply.headers.has('location')).toBe(false);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(reply.body).toEqual({
      ...created,
      ...meeting(11),
      description: 'Other',
      busy: false,
      privacy: 'full',
      time_zone: 'UTC',
      sequence: 1,
      version: 2,
      updated_at: expect.any(String),
    });
    expect(await read()).toEqual(reply.body);
  });

  test('an optional field left out takes its default', async () => {
    const reply = await change('PUT', meeting(9));
    expect(reply.body).toMatchObject({
      description: '',
      privacy: 'full',
      time_zone: 'UTC',
      busy: true,
      all_day: false,
      calendar_id: created['calendar_id'],
      sequence: 0,
    });
  });

  test.each([['title'], ['start'], ['end']])('%s is required', async (field) => {
    const body: Record<string, unknown> = meeting(9);
    delete body[field];
    const reply = await change('PUT', body);
    expect(refusal(reply)).toEqual([400, 'invalid_request']);
    expect(fieldsOf(reply)).toEqual([field]);
  });

  test.each(['PUT', 'PATCH'])('owner and group_id never change: %s', async (method) => {
    const owned = await change(method, { ...meeting(9), owner_id: 'usr_001' });
    expect([refusal(owned), fieldsOf(owned)]).toEqual([[400, 'invalid_request'], ['owner_id']]);
    const grouped = await change(method, { ...meeting(9), group_id: 'grp_001' });
    expect([refusal(grouped), fieldsOf(grouped)]).toEqual([[400, 'invalid_request'], ['group_id']]);
    const nonsense = await change(method, { ...meeting(9), group_id: 'mine' });
    expect([refusal(nonsense), fieldsOf(nonsense)]).toEqual([
      [400, 'invalid_request'],
      ['group_id'],
    ]);
    expect((await change(method, { ...meeting(9), group_id: null })).status).toBe(200);
    expect(await read()).toMatchObject({ owner_id: created['owner_id'], group_id: null });
  });

  test('rrule is 422 not_supported, as long as it is not null', async () => {
    const refused = await change('PUT', { ...meeting(9), rrule: 'FREQ=DAILY' });
    expect(refusal(refused)).toEqual([422, 'not_supported']);
    expect((await change('PUT', { ...meeting(9), rrule: null })).status).toBe(200);
  });

  test('moved onto something busy it is 409 conflict with the list, unless allow_conflict', async () => {
    const other = await call('POST', '/api/appointments', meeting(11));
    const refused = await change('PUT', meeting(11));
    expect(refusal(refused)).toEqual([409, 'conflict']);
    expect(refused.body['overlaps']).toMatchObject([{ id: other.body['id'] }]);
    const allowed = await change('PUT', { ...meeting(11), allow_conflict: true });
    expect(allowed.status).toBe(200);
  });

  test('doing again what is already so is 200 with the same version', async () => {
    const first = await change('PUT', meeting(11));
    const again = await change('PUT', meeting(11));
    expect([again.status, again.headers.get('etag')]).toEqual([200, '"2"']);
    expect(again.body).toEqual(first.body);
  });
});

describe('PATCH is RFC 7396', () => {
  test.each(['application/merge-patch+json', 'application/json'])(
    'what is there is replaced, the rest stays: %s',
    async (content_type) => {
      const reply = await apis.call('PATCH', `/api/appointments/${id}`, {
        token,
        body: { title: 'Other' },
        headers: { 'content-type': content_type },
      });
      expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"2"']);
      expect(reply.body).toEqual({
        ...created,
        title: 'Other',
        version: 2,
        updated_at: expect.any(String),
      });
    },
  );

  test('null takes the default', async () => {
    const reply = await change('PATCH', { description: null, privacy: null, time_zone: null });
    expect(reply.body).toMatchObject({ description: '', privacy: 'full', time_zone: 'UTC' });
    expect(reply.body).toMatchObject({ title: created['title'], sequence: 0 });
  });

  test('calendar_id: null is the default one, from another of one’s own', async () => {
    const known = [...apis.state.appointments.values()][0];
    if (known === undefined) throw new Error('nothing was made');
    const other_key = 9 * known.key;
    apis.state.keep([
      {
        op: 'insert',
        table: 'calendars',
        row: {
          key: other_key,
          owner_key: known.owner_key,
          is_default: false,
          version: 1,
          origin_node: 'agenda-1',
          created_at: 0,
          updated_at: 0,
        },
      },
    ]);
    const calendar_id = formatId('cal', other_key);
    expect((await change('PATCH', { calendar_id })).body).toMatchObject({ calendar_id });
    expect((await change('PATCH', { title: 'There' })).body).toMatchObject({ calendar_id });
    const back = await change('PATCH', { calendar_id: null });
    expect([back.status, back.body['calendar_id']]).toEqual([200, created['calendar_id']]);
  });

  test('allow_conflict: null is false', async () => {
    await call('POST', '/api/appointments', meeting(11));
    const refused = await change('PATCH', { ...meeting(11), allow_conflict: null });
    expect(refusal(refused)).toEqual([409, 'conflict']);
    expect((await change('PATCH', { ...meeting(11), allow_conflict: true })).status).toBe(200);
  });

  test('an empty one changes nothing', async () => {
    const reply = await change('PATCH', {});
    expect([reply.status, reply.body]).toEqual([200, created]);
  });

  test.each<[object, string]>([
    [{ title: null }, 'title'],
    [{ title: 5 }, 'title'],
    [{ start: '2027-01-15' }, 'start'],
    [{ end: '2027-01-15T08:00:00Z' }, 'end'],
    [{ all_day: 'yes' }, 'all_day'],
    [{ version: 9 }, 'version'],
    [{ uid: 'mine' }, 'uid'],
  ])('what is wrong is 400 with its field: %j', async (patch, field) => {
    const reply = await change('PATCH', patch);
    expect([refusal(reply), fieldsOf(reply)]).toEqual([[400, 'invalid_request'], [field]]);
    expect(await read()).toEqual(created);
  });

  test('moving one end is enough', async () => {
    const reply = await change('PATCH', { end: '2027-01-15T12:00:00+01:00' });
    expect(reply.body).toMatchObject({
      start: '2027-01-15T09:00:00Z',
      end: '2027-01-15T11:00:00Z',
      sequence: 1,
    });
  });

  test('a patch that is no object is 400', async () => {
    for (const body of [[], 'text', 5]) {
      expect(refusal(await change('PATCH', body))).toEqual([400, 'invalid_request']);
    }
  });

  test('busy again counts as new for conflicts', async () => {
    expect((await change('PATCH', { busy: false })).status).toBe(200);
    await call('POST', '/api/appointments', meeting(9));
    expect(refusal(await change('PATCH', { busy: true }))).toEqual([409, 'conflict']);
    const allowed = await change('PATCH', { busy: true, allow_conflict: true });
    expect(allowed.body['busy']).toBe(true);
  });

  test('one that meets another version in apply is computed again, and nobody sees it', async () => {
    const { replica } = apis.node(0);
    const propose = replica.propose.bind(replica);
    replica.propose = async (command) => {
      replica.propose = propose;
      await change('PATCH', { description: 'In between' });
      return propose(command);
    };
    const reply = await change('PATCH', { title: 'Other' });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ title: 'Other', description: 'In between', version: 3 });
  });

  test('one that never gets through is overloaded, with nothing changed', async () => {
    const { replica } = apis.node(0);
    replica.propose = () =>
      Promise.resolve({
        kind: 'applied',
        index: 1,
        outcome: { kind: 'refused', refusal: { code: 'outdated', detail: 'Again.' } },
      });
    expect(refusal(await change('PATCH', { title: 'Other' }))).toEqual([503, 'overloaded']);
  });

  test('before it says that an appointment is not there, it asks a majority', async () => {
    const { replica } = apis.node(0);
    const { view } = replica;
    const known = view.appointmentByKey.bind(view);
    let is_behind = true;
    replica.onBarrier = () => {
      is_behind = false;
    };
    // Routes hold the view they began with.
    Object.assign(view, { appointmentByKey: (key: number) => (is_behind ? null : known(key)) });
    expect((await change('PATCH', { title: 'Other' })).status).toBe(200);
    expect(is_behind).toBe(false);
  });
});

describe('DELETE cancels', () => {
  const range = 'start=2027-01-15T00:00:00Z&end=2027-01-16T00:00:00Z';
  const agenda = async (more = ''): Promise<unknown> =>
    (await call('GET', `/api/agenda?${range}${more}`)).body['items'];

  test('204 without a body; by id it then reads cancelled', async () => {
    const reply = await change('DELETE');
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(await read()).toEqual({
      ...created,
      status: 'cancelled',
      sequence: 1,
      version: 2,
      updated_at: expect.any(String),
    });
  });

  test('lists leave it out unless asked', async () => {
    await change('DELETE');
    expect(await agenda()).toEqual([]);
    expect(await agenda('&include=declined')).toEqual([]);
    expect(await agenda('&include=cancelled')).toMatchObject([{ id, status: 'cancelled' }]);
    expect(await agenda('&include=declined,cancelled')).toHaveLength(1);
    const wrong = await call('GET', `/api/agenda?${range}&include=everything`);
    expect(refusal(wrong)).toEqual([400, 'invalid_request']);
  });

  test('its time is free', async () => {
    await change('DELETE');
    expect((await call('POST', '/api/appointments', meeting(9))).status).toBe(201);
  });

  test('doing it again is 204, unchanged', async () => {
    await change('DELETE');
    expect((await change('DELETE')).status).toBe(204);
    expect(await read()).toMatchObject({ version: 2 });
  });

  test('what is cancelled cannot be changed: 403', async () => {
    await change('DELETE');
    expect(refusal(await change('PUT', meeting(11)))).toEqual([403, 'forbidden']);
    expect(refusal(await change('PATCH', { title: 'Other' }))).toEqual([403, 'forbidden']);
  });

  test('restore within 30 days; then it is gone', async () => {
    await change('DELETE');
    apis.clock_offset_ms = limits.cancelled_kept_ms - 60_000;
    token = (await login()).token;
    const reply = await change('POST', undefined, '/restore');
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"3"']);
    expect(reply.body).toMatchObject({ status: 'accepted', version: 3, sequence: 2 });
    await change('DELETE');
    apis.clock_offset_ms += limits.cancelled_kept_ms;
    token = (await login()).token;
    // State time moves with the next command.
    await call('POST', '/api/appointments', meeting(20));
    for (const [method, more] of [
      ['GET', ''],
      ['POST', '/restore'],
      ['DELETE', ''],
    ] as const) {
      expect(refusal(await change(method, undefined, more))).toEqual([404, 'not_found']);
    }
    expect(refusal(await change('PATCH', {}))).toEqual([404, 'not_found']);
  });

  test('restore is checked for conflicts', async () => {
    await change('DELETE');
    await call('POST', '/api/appointments', meeting(9));
    expect(refusal(await change('POST', {}, '/restore'))).toEqual([409, 'conflict']);
    const allowed = await change('POST', { allow_conflict: true }, '/restore');
    expect([allowed.status, allowed.body['status']]).toEqual([200, 'accepted']);
  });

  test('restoring what is not cancelled is 200, unchanged', async () => {
    const reply = await change('POST', undefined, '/restore');
    expect([reply.status, reply.body]).toEqual([200, created]);
  });
});

async function login(): Promise<{ token: string }> {
  const reply = await apis.call('POST', '/login', {
    body: { username: 'ana', password: 'an uncommon password' },
  });
  return { token: String(reply.body['token']) };
}

describe('a thing one may not see is 404', () => {
  test.each<[string, string, unknown]>([
    ['GET', '', undefined],
    ['PUT', '', meeting(9)],
    ['PATCH', '', { title: 'Other' }],
    ['DELETE', '', undefined],
    ['POST', '/restore', undefined],
    ['GET', '/participants', undefined],
    ['GET', '/my-status', undefined],
  ])('%s …%s', async (method, more, body) => {
    const stranger = await apis.register('bruno');
    for (const [hidden, as] of [
      [id, stranger],
      ['apt_00zzz', token],
      ['usr_001', token],
    ] as const) {
      const reply = await call(method, `/api/appointments/${hidden}${more}`, body, as);
      expect(refusal(reply)).toEqual([404, 'not_found']);
    }
    expect(await read()).toEqual(created);
  });
});

describe('who takes part', () => {
  const owner = {
    id: expect.stringMatching(/^par_/),
    user_id: expect.stringMatching(/^usr_/),
    username: 'ana',
    display_name: 'The ana',
    status: 'accepted',
    is_optional: false,
    version: 1,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  };

  test('GET …/participants lists the owner, accepted', async () => {
    const reply = await change('GET', undefined, '/participants');
    expect(reply.status).toBe(200);
    const item = { ...owner, appointment_id: id, has_conflict: false };
    expect(reply.body).toEqual({ items: [item] });
    const wrong = await change('GET', undefined, '/participants?cursor=x');
    expect(refusal(wrong)).toEqual([400, 'invalid_request']);
  });

  test('GET …/my-status is one’s own participant', async () => {
    const reply = await change('GET', undefined, '/my-status');
    const mine = { ...owner, appointment_id: id, has_conflict: false };
    expect([reply.status, reply.body]).toEqual([200, mine]);
  });
});
