import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { formatId } from '../../../src/agenda/id.ts';
import { cutLiveTicket } from '../../../src/http/live/live-ticket.ts';
import { limits } from '../../../src/limits.ts';
import { eventually } from '../../support/eventually.ts';
import type { LiveRefused } from '../../support/live-client.ts';
import { meeting } from '../api-fixture.ts';
import { eventFor } from './hub-fixture.ts';
import { live_ticket, LiveApis } from './live-fixture.ts';

let lives: LiveApis;
let token: string;
let ana: number;

beforeEach(async () => {
  lives = await LiveApis.start(2);
  token = await lives.apis.register('ana');
  ana = [...lives.apis.state.users.keys()][0] ?? 0;
});
afterEach(() => lives.stop());

async function refusal(connecting: Promise<unknown>): Promise<LiveRefused> {
  return connecting.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as LiveRefused,
  );
}

describe('POST /api/ws-ticket', () => {
  test('answers {ticket, expires_at}, at a follower too and without a majority', async () => {
    lives.apis.node(1).replica.has_quorum = false;
    const before_ms = Date.now();
    const reply = await lives.apis.call('POST', '/api/ws-ticket', { at: 1, token });
    expect([reply.status, Object.keys(reply.body)]).toEqual([200, ['ticket', 'expires_at']]);
    const expires_in_ms = Date.parse(String(reply.body['expires_at'])) - before_ms;
    expect(expires_in_ms).toBeGreaterThanOrEqual(30_000);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(lives.apis.state.commands).toHaveLength(1);
  });

  test('needs a token', async () => {
    expect((await lives.apis.call('POST', '/api/ws-ticket')).status).toBe(401);
  });
});

describe('a WebSocket', () => {
  test('is opened with a ticket, which is not told again', async () => {
    const ticket = await lives.ticket(token);
    const client = await lives.connect(ticket);
    expect(client.socket.protocol).toBe('agenda.v1');
    // No compression, so nothing to guess a secret by (and no memory for it).
    expect(client.socket.extensions).toBe('');
    client.say({ type: 'ping' });
    await client.next('pong');
    const all = lives.apis.log_lines.join('');
    expect(all).not.toContain(ticket);
    expect(JSON.stringify(client.messages)).not.toContain(ticket);
  });

  test('and its ticket are good at any replica, and within thirty seconds again', async () => {
    const ticket = await lives.ticket(token, 1);
    for (const at of [0, 1, 0]) await lives.connect(ticket, at);
    lives.apis.clock_offset_ms = limits.live_ticket_ttl_ms;
    const late = await refusal(lives.connect(ticket));
    expect([late.status, late.body['code']]).toEqual([401, 'unauthenticated']);
    expect(late.body['detail']).toMatch(/expired/);
    expect(late.headers['content-type']).toBe('application/problem+json');
  });

  test('is refused with a bad ticket, without one, and without the subprotocol', async () => {
    const ticket = await lives.ticket(token);
    const wrong: [readonly string[], number, RegExp][] = [
      [['agenda.v1', `ticket.${ticket.slice(0, -2)}AA`], 401, /genuine/],
      [['agenda.v1', 'ticket.x'], 401, /genuine/],
      [['agenda.v1', `ticket.${token}`], 401, /genuine/],
      [['agenda.v1'], 401, /ws-ticket/],
      [['agenda.v1', `ticket.${ticket}`, 'ticket.x'], 401, /one/],
      [[`ticket.${ticket}`], 400, /agenda\.v1/],
      [['agenda.v2', `ticket.${ticket}`], 400, /agenda\.v1/],
    ];
    for (const [protocols, status, detail] of wrong) {
      const refused = await refusal(lives.offer(protocols));
      expect([refused.status, refused.body['detail']]).toEqual([
        status,
        expect.stringMatching(detail),
      ]);
      expect(JSON.stringify(refused.body)).not.toContain(ticket);
    }
    expect(await lives.metrics()).toContain('agenda_ws_refused_total{code="unauthenticated"} 5');
  });

  test('is refused when the session has ended, or this replica cannot tell', async () => {
    const ticket = await lives.ticket(token);
    const [user] = lives.apis.state.users.values();
    if (user === undefined) throw new Error('nobody');
    lives.apis.node(1).replica.applied_index = 1;
    const behind = await refusal(lives.connect(ticket, 1));
    expect([behind.status, behind.body['code']]).toEqual([503, 'index_not_reached']);
    expect(behind.headers['retry-after']).toBeDefined();
    lives.apis.state.users.set(user.key, { ...user, token_version: 2 });
    const ended = await refusal(lives.connect(ticket));
    expect([ended.status, ended.body['detail']]).toEqual([401, expect.stringMatching(/ended/)]);
  });

  test('is opened by the pages of all replicas, by programs, and by no other page', async () => {
    const ticket = await lives.ticket(token);
    for (const at of [0, 1]) await lives.connect(ticket, 0, { origin: lives.apis.node(at).origin });
    for (const origin of ['http://127.0.0.1:1', 'https://example.org', 'null', 'x']) {
      const refused = await refusal(lives.connect(ticket, 0, { origin }));
      expect([origin, refused.status, refused.body['code']]).toEqual([origin, 403, 'forbidden']);
    }
  });

  test('is opened by the page that came by the name of a load balancer, to which it connects', async () => {
    const ticket = await lives.ticket(token);
    const asking = (origin: string) =>
      new Promise<number>((resolve, reject) => {
        const { hostname, port } = new URL(lives.apis.node(0).origin);
        const headers = {
          host: 'agenda.example.org',
          origin,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
          'sec-websocket-protocol': `agenda.v1, ticket.${ticket}`,
        };
        request({ host: hostname, port, path: '/ws', headers })
          .on('upgrade', (response, socket) => {
            socket.destroy();
            resolve(response.statusCode ?? 0);
          })
          .on('response', (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .on('error', reject)
          .end();
      });
    expect(await asking('https://agenda.example.org')).toBe(101);
    expect(await asking('https://agenda.example.org:444')).toBe(403);
    expect(await asking('https://example.org')).toBe(403);
  });

  test('that is asked for wrongly is refused like everything that is wrong', async () => {
    const plain = await lives.apis.call('GET', '/ws');
    expect([plain.status, plain.body['code']]).toEqual([400, 'invalid_request']);
    const ticket = await lives.ticket(token);
    const elsewhere = await refusal(lives.connect(ticket, 0, { path: '/elsewhere' }));
    expect([elsewhere.status, elsewhere.body['code']]).toEqual([404, 'not_found']);
    const { hostname, port } = new URL(lives.apis.node(0).origin);
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '12',
        'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
        'sec-websocket-protocol': `agenda.v1, ticket.${ticket}`,
      };
      request({ host: hostname, port, path: '/ws', headers })
        .on('response', (response) => {
          response.on('data', (chunk: Buffer) =>
            resolve(`${response.statusCode} ${chunk.toString()}`),
          );
        })
        .on('error', reject)
        .end();
    });
    expect(answer).toMatch(/^400 .*invalid_request.*Sec-WebSocket-Version/);
  });

  test('of one person too many is 429, and there is place again when one is closed', async () => {
    const ticket = await lives.ticket(token);
    const open = [];
    for (let count = 0; count < limits.live_connections_per_user_max; count += 1) {
      open.push(await lives.connect(ticket));
    }
    const refused = await refusal(lives.connect(ticket));
    expect([refused.status, refused.body['code']]).toEqual([429, 'rate_limited']);
    expect(refused.headers['retry-after']).toBeDefined();
    open[0]?.socket.close();
    await eventually('a place', () => lives.connect(ticket).catch(() => null));
  });
});

describe('what is said', () => {
  test('events come on the channels that were subscribed, and no others', async () => {
    const made = await lives.apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const id = String(made.body['id']);
    const other = await lives.apis.register('ben');
    const theirs = await lives.apis.call('POST', '/api/appointments', {
      token: other,
      body: meeting(9),
    });
    const hidden = `appointment:${String(theirs.body['id'])}`;
    const client = await lives.connect(await lives.ticket(token));
    client.say({ type: 'subscribe', channels: ['me', `appointment:${id}`, hidden] });
    expect(await client.next('subscribed')).toEqual({
      type: 'subscribed',
      channels: ['me', `appointment:${id}`],
      cursor: expect.any(String),
      refused: [{ channel: hidden, code: 'not_found', detail: 'There is no such channel.' }],
    });
    const key = [...lives.apis.state.appointments.keys()][0] ?? 0;
    lives.publish(eventFor([ana], 2, { key, appointment_key: key }));
    lives.publish(eventFor([ana + 1], 3));
    lives.publish(eventFor(null, 4, { kind: 'post.created', key: 8, appointment_key: null }));
    await client.next('event', 3);
    expect(client.told('me')).toEqual([
      `appointment.updated ${id} 2`,
      `post.created ${formatId('pst', 8)} 4`,
    ]);
    expect(client.told(`appointment:${id}`)).toEqual([`appointment.updated ${id} 2`]);
    client.say({ type: 'unsubscribe', channels: ['me'] });
    await client.next('unsubscribed');
    lives.publish(eventFor([ana], 5, { key, appointment_key: key }));
    await client.next('event', 4);
    expect(client.of('event')[3]?.channel).toBe(`appointment:${id}`);
  });

  test('what one may not see is no channel: a group of others, an appointment without one', async () => {
    const ben = await lives.apis.register('ben');
    const eva = await lives.apis.register('eva');
    const group = { name: 'Choir', description: '', group_type: 'non_hierarchical' };
    const made = await lives.apis.call('POST', '/api/groups', { token, body: group });
    const group_id = String(made.body['id']);
    const path = `/api/groups/${group_id}`;
    await lives.apis.call('POST', `${path}/members`, { token, body: { username: 'ben' } });
    const body = meeting(9, { participants: [{ username: 'eva' }] });
    const booked = await lives.apis.call('POST', '/api/appointments', { token, body });
    const { id } = booked.body['appointment'] as { id: string };
    const channels = [`group:${group_id}`, `appointment:${id}`];
    const granted = async (who: string): Promise<unknown> => {
      const client = await lives.connect(await lives.ticket(who));
      client.say({ type: 'subscribe', channels });
      return (await client.next('subscribed')).channels;
    };
    const [of_group, of_appointment] = channels;
    expect(await granted(token)).toEqual(channels);
    expect(await granted(ben)).toEqual([of_group]);
    expect(await granted(eva)).toEqual([of_appointment]);
    expect(await granted(await lives.apis.register('dora'))).toEqual([]);
    await lives.apis.call('DELETE', path, { token });
    expect(await granted(ben)).toEqual([]);
  });

  test('a cursor of one replica is good at another', async () => {
    const ticket = await lives.ticket(token);
    const first = await lives.connect(ticket, 0);
    first.say({ type: 'subscribe', channels: ['me'] });
    await first.next('subscribed');
    lives.publish(eventFor([ana], 1), eventFor([ana], 2));
    await first.next('event', 2);
    const after = first.of('event')[0]?.cursor;
    lives.publish(eventFor([ana], 3));
    const second = await lives.connect(ticket, 1);
    second.say({ type: 'subscribe', channels: ['me'], after });
    await second.next('event', 2);
    expect(second.of('event').map(({ event }) => event?.version)).toEqual([2, 3]);
  });

  test('nonsense is answered with error, and the connection stays', async () => {
    const client = await lives.connect(await lives.ticket(token));
    client.say('{');
    client.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    client.say({ type: 'publish' });
    await client.next('error', 3);
    expect(client.of('error').map(({ code }) => code)).toEqual([
      'invalid_request',
      'invalid_request',
      'invalid_request',
    ]);
    client.say({ type: 'ping' });
    await client.next('pong');
  });

  test('more than 64 KiB at once closes it with 1009', async () => {
    const client = await lives.connect(await lives.ticket(token));
    client.say({ type: 'ping', more: 'x'.repeat(65_000) });
    await client.next('error');
    client.say('x'.repeat(65_537));
    expect(await client.closed()).toBe(1009);
    await eventually('its end here', async () =>
      (await lives.metrics()).includes('agenda_ws_closed_total{reason="protocol"} 1') ? true : null,
    );
  });

  test('what is no text closes it with 1007', async () => {
    const client = await lives.connect(await lives.ticket(token));
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect(await client.closed()).toBe(1007);
  });
});

describe('what is told without being asked', () => {
  test('who leads and which replicas there are, when it changes', async () => {
    const client = await lives.connect(await lives.ticket(token, 1), 1);
    client.say({ type: 'ping' });
    await client.next('pong');
    const { state } = lives.apis;
    state.leader_id = 'agenda-2';
    state.term = 4;
    lives.leadershipChanges();
    expect(await client.next('leader')).toEqual({
      type: 'leader',
      group: 'main',
      leader_id: 'agenda-2',
      leader: lives.apis.node(1).origin,
      term: 4,
    });
    expect(await client.next('replicas')).toEqual({
      type: 'replicas',
      replicas: [
        {
          id: 'agenda-1',
          address: lives.apis.node(0).origin,
          voter: true,
          is_leader: false,
          healthy: true,
        },
        {
          id: 'agenda-2',
          address: lives.apis.node(1).origin,
          voter: true,
          is_leader: true,
          healthy: true,
        },
      ],
    });
    lives.leadershipChanges();
    state.leader_id = null;
    lives.leadershipChanges();
    expect(await client.next('leader', 2)).toMatchObject({ leader_id: null, leader: null });
  });
});

describe('it is closed', () => {
  test('with 4401 when the session ends, and when the token does', async () => {
    const client = await lives.connect(await lives.ticket(token));
    const fresh = { user_key: ana, token_version: 2, token_version_index: 1 };
    const { ticket } = cutLiveTicket(
      live_ticket,
      { ...fresh, expires_at_ms: Date.now() + 2_000 },
      Date.now(),
    );
    const [user] = lives.apis.state.users.values();
    if (user === undefined) throw new Error('nobody');
    lives.apis.state.users.set(ana, { ...user, token_version: 2 });
    const other = await lives.connect(ticket);
    lives.publish(
      eventFor([ana], 2, { kind: 'user.sessions_ended', key: ana, appointment_key: null }),
    );
    expect([await client.closed(), client.close_reason]).toEqual([
      4401,
      'the session has ended: log in again',
    ]);
    expect([await other.closed(), other.close_reason]).toEqual([
      4401,
      'the token has expired: log in again',
    ]);
  });

  test('with 1012 when the replica stops, which takes no others', async () => {
    const ticket = await lives.ticket(token);
    const client = await lives.connect(ticket);
    await lives.drain(0);
    expect(await client.closed()).toBe(1012);
    const refused = await refusal(lives.connect(ticket));
    expect([refused.status, refused.body['code']]).toEqual([503, 'draining']);
    await lives.connect(ticket, 1);
  });
});

test('metrics: connections, events sent, closes by reason', async () => {
  const client = await lives.connect(await lives.ticket(token));
  client.say({ type: 'subscribe', channels: ['me'] });
  await client.next('subscribed');
  lives.publish(eventFor([ana], 1), eventFor([ana], 2));
  await client.next('event', 2);
  const text = await lives.metrics();
  expect(text).toContain('agenda_ws_connections 1');
  expect(text).toContain('agenda_ws_events_sent_total 2');
  client.socket.close();
  await eventually('the end of it', async () => {
    const now = await lives.metrics();
    return now.includes('agenda_ws_connections 0') &&
      now.includes('agenda_ws_closed_total{reason="client"} 1')
      ? true
      : null;
  });
});
