import { beforeEach, describe, expect, test } from '@jest/globals';
import { formatCursor } from '../../../src/http/live/cursor.ts';
import { positionOf } from '../../../src/http/live/position.ts';
import { limits } from '../../../src/limits.ts';
import { eventFor, HubFixture, lineage } from './hub-fixture.ts';

const [ana, ben] = [1, 2];

let hub: HubFixture;
beforeEach(() => {
  hub = new HubFixture();
});

describe('who is too slow', () => {
  test('is closed with 1013 when too much waits, and goes on with the cursor', () => {
    const slow = hub.subscribe(ana, ['me']);
    const quick = hub.subscribe(ben, ['me']);
    slow.socket.is_stuck = true;
    for (let version = 1; slow.socket.closed === null; version += 1) {
      if (version > 10_000) throw new Error('it was never closed');
      hub.publish(eventFor([ana, ben], version));
      hub.settle();
    }
    expect(slow.socket.closed.code).toBe(1013);
    expect(slow.socket.buffered_bytes).toBeLessThan(limits.live_buffered_bytes_max + 1_000);
    expect(hub.closed).toEqual(['slow']);
    expect(hub.open_connections).toBe(1);
    expect(quick.socket.told).toHaveLength(slow.socket.told.length);

    const had = slow.socket.told.length;
    hub.publish(eventFor([ana], 77_777));
    hub.settle();
    expect(slow.socket.told).toHaveLength(had);
    const again = hub.subscribe(ana, ['me'], slow.socket.cursor);
    hub.settle();
    expect(again.socket.told).toEqual(['me 77777']);
  });

  test('and has missed much gets it as fast as it takes it, and is not closed for that', async () => {
    const much = new HubFixture(10, 10_000);
    const begin = formatCursor(lineage, positionOf(11));
    for (let version = 1; version <= 5_000; version += 1) much.publish(eventFor([ana], version));
    much.settle();
    const { socket } = much.subscribe(ana, ['me'], begin);
    socket.is_stuck = true;
    much.settle();
    expect(socket.buffered_bytes).toBeLessThan(limits.live_catch_up_buffered_bytes + 1_000);
    // What comes meanwhile has its turn.
    much.publish(eventFor([ana], 5_001));
    for (let round = 0; round < 100 && socket.told.length < 5_001; round += 1) {
      socket.buffered_bytes = 0;
      await much.pass(limits.live_catch_up_pause_ms);
    }
    expect(socket.closed).toBeNull();
    expect(socket.told).toEqual(Array.from({ length: 5_001 }, (_, at) => `me ${at + 1}`));
  });

  test('and shows no life is ended', async () => {
    const silent = hub.subscribe(ana, ['me']);
    const alive = hub.subscribe(ben, ['me']);
    for (let round = 0; round <= limits.live_pings_missed_max; round += 1) {
      await hub.pass(limits.live_cursor_every_ms);
      // What the socket's pong does.
      alive.connection.pings_missed = 0;
    }
    expect(silent.socket.pings).toBe(limits.live_pings_missed_max);
    expect([silent.socket.is_terminated, alive.socket.is_terminated]).toEqual([true, false]);
    expect(hub.closed).toEqual(['silent']);
  });
});
