import { beforeEach, describe, expect, test } from '@jest/globals';
import { formatId } from '../../../src/agenda/id.ts';
import { formatCursor } from '../../../src/http/live/cursor.ts';
import { positionIn, positionOf } from '../../../src/http/live/position.ts';
import { limits } from '../../../src/limits.ts';
import { eventFor, HubFixture, lineage } from './hub-fixture.ts';

const [ana, ben, eva] = [1, 2, 3];
const appointment = `appointment:${formatId('apt', 4096)}`;
const group = `group:${formatId('grp', 8192)}`;

let hub: HubFixture;
beforeEach(() => {
  hub = new HubFixture();
});

describe('channels', () => {
  test('"me" has every event whose audience holds the person, with ids and nothing else', () => {
    const clients = [hub.subscribe(ana, ['me']), hub.subscribe(ben, ['me'])];
    hub.publish(eventFor([ana], 2));
    hub.publish(eventFor([ana, ben], 3, { kind: 'notification.created', key: 12_288 }));
    hub.publish(eventFor(null, 4, { kind: 'post.created' }));
    hub.settle();
    expect(clients.map(({ socket }) => socket.told)).toEqual([
      ['me 2', 'me 3', 'me 4'],
      ['me 3', 'me 4'],
    ]);
    expect(clients[1]?.socket.of('event')[0]).toEqual({
      type: 'event',
      channel: 'me',
      cursor: expect.any(String),
      event: { kind: 'notification.created', id: formatId('ntf', 12_288), version: 3 },
    });
    expect(hub.events_sent).toBe(5);
  });

  test('an appointment or a group has what belongs to it, for who is in the audience', () => {
    const clients = [ana, ben, eva].map((user) => hub.subscribe(user, [appointment, group]));
    hub.publish(eventFor([ana, ben], 2));
    hub.publish(eventFor([ana, eva], 3, { group_key: 8192, appointment_key: null }));
    hub.publish(eventFor([ana, ben, eva], 4, { group_key: 1, appointment_key: 2 }));
    hub.settle();
    expect(clients.map(({ socket }) => socket.told)).toEqual([
      [`${appointment} 2`, `${group} 3`],
      [`${appointment} 2`],
      [`${group} 3`],
    ]);
  });

  test('an event is told once on each channel that it belongs to, each with its own cursor', () => {
    const all = ['me', group, appointment];
    const { socket } = hub.subscribe(ana, all);
    hub.publish(eventFor([ana], 2, { group_key: 8192 }));
    hub.settle();
    expect(socket.told).toEqual(all.map((channel) => `${channel} 2`));
    const cursors = socket.of('event').map(({ cursor }) => cursor);
    expect(new Set(cursors).size).toBe(3);
    // Whoever goes on after one of them gets the others, and not that one again.
    const rest = cursors.map((cursor) => {
      const again = hub.subscribe(ana, all, cursor);
      hub.settle();
      return again.socket.told;
    });
    expect(rest).toEqual([[`${group} 2`, `${appointment} 2`], [`${appointment} 2`], []]);
  });

  test('what was before is not told, nor what comes after unsubscribing', () => {
    hub.publish(eventFor([ana], 2));
    const client = hub.subscribe(ana, ['me', appointment]);
    hub.publish(eventFor([ana], 3));
    hub.settle();
    client.say({ type: 'unsubscribe', channels: ['me'] });
    hub.publish(eventFor([ana], 4));
    hub.settle();
    expect(client.socket.told).toEqual(['me 3', `${appointment} 3`, `${appointment} 4`]);
    expect(client.socket.of('unsubscribed')).toEqual([{ type: 'unsubscribed', channels: ['me'] }]);
  });

  test('one that one may not see is refused like one that is not there, after a second look', async () => {
    hub.hidden.add(4096).add(8192);
    // It was made elsewhere a moment ago.
    hub.onLookAgain = () => void hub.hidden.delete(8192);
    const client = hub.subscribe(ana, ['me', appointment, group, 'group:grp_none']);
    client.say({ type: 'ping' });
    expect(client.socket.messages).toEqual([]);
    await hub.pass(0);
    expect(hub.looked_again).toBe(1);
    const not_found = { code: 'not_found', detail: expect.any(String) };
    expect(client.socket.messages).toEqual([
      {
        type: 'subscribed',
        channels: ['me', group],
        cursor: formatCursor(lineage, positionOf(11)),
        refused: [
          { channel: appointment, ...not_found },
          { channel: 'group:grp_none', ...not_found },
        ],
      },
      // In the order in which it was asked.
      { type: 'pong' },
    ]);
    hub.publish(eventFor([ana], 2));
    hub.settle();
    expect(client.socket.told).toEqual(['me 2']);
  });
});

describe('a cursor', () => {
  test('is in every answer, and goes on in the middle of an entry without loss or repeat', () => {
    hub.publish(eventFor([ana], 1), eventFor([ben], 2), eventFor([ana], 3), eventFor([ana], 4));
    const begin = formatCursor(lineage, positionOf(11));
    const first = hub.subscribe(ana, ['me'], begin);
    hub.settle();
    expect(first.socket.told).toEqual(['me 1', 'me 3', 'me 4']);
    const middle = first.socket.of('event')[1]?.cursor ?? '';
    const second = hub.subscribe(ana, ['me'], middle);
    hub.publish(eventFor([ana], 5));
    hub.settle();
    expect(second.socket.told).toEqual(['me 4', 'me 5']);
    expect(second.socket.of('subscribed')[0]?.cursor).toBe(middle);
  });

  test('ahead of this replica waits until that is reached, and goes on after it', async () => {
    const ahead = formatCursor(lineage, positionIn(12, 1, 0));
    const { socket } = hub.subscribe(ana, ['me'], ahead);
    await hub.pass(limits.live_cursor_every_ms);
    expect(socket.of('cursor')).toEqual([{ type: 'cursor', cursor: ahead }]);
    hub.publish(eventFor([ana], 1));
    hub.publish(eventFor([ana], 2), eventFor([ana], 3));
    hub.publish(eventFor([ana], 4));
    hub.settle();
    expect(socket.told).toEqual(['me 3', 'me 4']);
  });

  test('comes every 15 s, also for entries that tell nothing, and never goes back', async () => {
    expect(limits.live_cursor_every_ms).toBe(15_000);
    const { socket, connection } = hub.subscribe(ana, ['me']);
    for (const [round, index] of [13, 16, 19].entries()) {
      hub.publish();
      hub.publish();
      hub.publish();
      await hub.pass(15_000);
      expect(socket.of('cursor')).toHaveLength(round + 1);
      expect(socket.cursor).toBe(formatCursor(lineage, positionOf(index + 1)));
      connection.pings_missed = 0;
    }
    const { socket: resumed } = hub.subscribe(ana, ['me'], socket.cursor);
    hub.publish(eventFor([ana], 9));
    hub.settle();
    expect(resumed.told).toEqual(['me 9']);
  });

  test('that is too old, or of another history, is answered with resync, and it goes on from there', () => {
    const small = new HubFixture(10, 2);
    for (const version of [1, 2, 3, 4]) small.publish(eventFor([ana], version));
    small.settle();
    for (const after of [
      formatCursor(lineage, positionOf(11)),
      formatCursor('main.other000.0', positionOf(14)),
    ]) {
      const { socket } = small.subscribe(ana, ['me'], after);
      const cursor = formatCursor(lineage, positionOf(small.feed.cursor + 1));
      expect(socket.messages).toEqual([
        { type: 'subscribed', channels: ['me'], cursor },
        { type: 'resync', channels: ['me'], cursor },
      ]);
      small.publish(eventFor([ana], 5));
      small.settle();
      expect(socket.told).toEqual(['me 5']);
    }
  });

  test('the state was replaced by a snapshot: all are told to read anew, once', () => {
    const { socket } = hub.subscribe(ana, ['me', appointment]);
    hub.publish(eventFor([ana], 1));
    hub.settle();
    hub.feed.skipTo(50);
    const late = hub.subscribe(ben, ['me']);
    hub.publish(eventFor([ana, ben], 2));
    hub.settle();
    expect(socket.of('resync')).toEqual([
      {
        type: 'resync',
        channels: ['me', appointment],
        cursor: formatCursor(lineage, positionOf(51)),
      },
    ]);
    expect(socket.told.slice(2)).toEqual(['me 2', `${appointment} 2`]);
    // Who came after the gap misses nothing.
    expect(late.socket.of('resync')).toEqual([]);
    expect(late.socket.told).toEqual(['me 2']);
  });
});

describe('slices', () => {
  test('hold the loop no longer than their time, however many are told', () => {
    const clients = Array.from({ length: 30 }, (_, user) => hub.subscribe(user + 1, ['me']));
    hub.settle();
    hub.slices = 0;
    // One step each, by the clock.
    hub.cost_ms = limits.live_slice_ms;
    hub.publish(eventFor(null, 2));
    hub.publish(
      eventFor(
        clients.map((_, at) => at + 1),
        3,
      ),
    );
    hub.settle();
    expect(hub.slices).toBeGreaterThanOrEqual(60);
    for (const { socket } of clients) expect(socket.told).toEqual(['me 2', 'me 3']);
  });

  test('who comes while an event is told misses nothing, and gets nothing twice', () => {
    hub.cost_ms = limits.live_slice_ms;
    const begin = formatCursor(lineage, positionOf(11));
    const first = Array.from({ length: 5 }, (_, user) => hub.subscribe(user + 1, ['me']));
    hub.settle();
    hub.publish(eventFor(null, 1));
    hub.publish(eventFor(null, 2));
    const late = [];
    while (hub.slice()) {
      if (late.length < 12) {
        late.push(hub.subscribe(1 + (late.length % 5), ['me'], begin));
        // Also one that was there, and asks again from the beginning.
        first[0]?.say({ type: 'subscribe', channels: [appointment], after: begin });
      }
    }
    for (const { socket } of late) expect(socket.told).toEqual(['me 1', 'me 2']);
    for (const { socket } of first.slice(1)) expect(socket.told).toEqual(['me 1', 'me 2']);
    const of_me = first[0]?.socket.told.filter((one) => one.startsWith('me'));
    expect(of_me).toEqual(['me 1', 'me 2']);
  });
});

test('who catches up while more comes joins the others at the right place', () => {
  hub.cost_ms = limits.live_slice_ms;
  const begin = formatCursor(lineage, positionOf(11));
  for (let version = 1; version <= 300; version += 1) hub.publish(eventFor([ana], version));
  hub.settle();
  const { socket } = hub.subscribe(ana, ['me'], begin);
  let version = 300;
  while (hub.slice()) {
    if (version < 330) hub.publish(eventFor([ana], (version += 1)));
  }
  expect(socket.told).toEqual(Array.from({ length: 330 }, (_, at) => `me ${at + 1}`));
});

test('a defect ends nothing: who may have missed something is told to read anew', () => {
  const { socket } = hub.subscribe(ana, ['me']);
  const other = hub.subscribe(ben, ['me']);
  // An id that cannot be written.
  hub.publish(eventFor([ana], 1, { key: -1 }), eventFor([ben], 2));
  hub.settle();
  expect(hub.errors).toHaveLength(1);
  hub.publish(eventFor([ana, ben], 3));
  hub.settle();
  for (const one of [socket, other.socket]) {
    expect(one.messages.map(({ type }) => type)).toEqual(['subscribed', 'resync', 'event']);
    expect(one.told).toEqual(['me 3']);
  }

  // Only who asks for it again is ended.
  const begin = formatCursor(lineage, positionOf(11));
  const again = hub.subscribe(ana, ['me'], begin);
  hub.settle();
  expect(again.socket.closed?.code).toBe(1011);
  expect([socket.closed, other.socket.closed]).toEqual([null, null]);
});

describe('the end', () => {
  test('of a session closes what was opened with it, and nothing that was opened since', () => {
    const old = [hub.connect(ana), hub.connect(ana)];
    const fresh = hub.connect(ana, { token_version: 2 });
    const other = hub.connect(ben);
    hub.token_version = 2;
    hub.publish(eventFor([ana], 1, { kind: 'user.sessions_ended', key: ana }));
    expect(old.map(({ socket }) => socket.closed?.code)).toEqual([4401, 4401]);
    expect([fresh.socket.closed, other.socket.closed]).toEqual([null, null]);
    expect(hub.closed).toEqual(['session_ended', 'session_ended']);
  });

  test('of a session that is hidden in a gap of the feed is found', () => {
    const { socket } = hub.connect(ana);
    hub.token_version = 2;
    hub.feed.skipTo(50);
    hub.settle();
    expect(socket.closed?.code).toBe(4401);
  });

  test('of the token closes it, however long that is', async () => {
    const day_ms = 86_400_000;
    const short = hub.connect(ana, { expires_at_ms: 1_000_000 + 5_000 });
    const long = hub.connect(ana, { expires_at_ms: 1_000_000 + day_ms });
    const answering = (): void => {
      for (const { connection } of [short, long]) connection.pings_missed = 0;
    };
    short.socket.onSend = answering;
    long.socket.onSend = answering;
    await hub.pass(4_999);
    expect(short.socket.closed).toBeNull();
    await hub.pass(1);
    expect(short.socket.closed).toEqual({ code: 4401, reason: expect.stringContaining('expired') });
    await hub.pass(day_ms - 5_001);
    expect(long.socket.closed).toBeNull();
    await hub.pass(1);
    expect(long.socket.closed).toMatchObject({ code: 4401 });
  });

  test('of the replica closes all with 1012, and waits until they are gone', async () => {
    const clients = [hub.connect(ana), hub.connect(ben)];
    let is_over = false;
    const drained = hub.hub.drain().then(() => (is_over = true));
    hub.settle();
    expect(clients.map(({ socket }) => socket.closed?.code)).toEqual([1012, 1012]);
    expect(hub.hub.is_draining).toBe(true);
    const [first, second] = clients;
    if (first !== undefined) hub.hub.left(first.connection, 'client');
    await hub.pass(0);
    expect(is_over).toBe(false);
    // Who does not say goodbye is ended.
    await hub.pass(limits.live_goodbye_ms);
    expect(second?.socket.is_terminated).toBe(true);
    if (second !== undefined) hub.hub.left(second.connection, 'client');
    await drained;
    expect(hub.closed).toEqual(['draining', 'draining']);
    expect(hub.open_connections).toBe(0);
  });
});

describe('limits', () => {
  test('of connections of one person, and of all', () => {
    for (let count = 0; count < limits.live_connections_per_user_max; count += 1) {
      expect(hub.hub.refuses(ana)).toBeNull();
      hub.connect(ana);
    }
    expect(hub.hub.refuses(ana)).toBe('too_many_of_user');
    expect(hub.hub.refuses(ben)).toBeNull();
    let user = 100;
    while (hub.open_connections < limits.live_connections_max) hub.connect((user += 1));
    expect(hub.hub.refuses(ben)).toBe('too_many');
  });
});
