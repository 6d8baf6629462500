import { describe, expect, test } from '@jest/globals';
import { Persister } from '../../src/consensus/persister.ts';
import type { LogStore } from '../../src/consensus/ports.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A disk that syncs when the test says so. */
function heldStore(): {
  store: LogStore;
  batches: (readonly Persist[])[];
  sync: () => void;
  fail: (error: Error) => void;
} {
  const batches: (readonly Persist[])[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const unused = (): Promise<never> => Promise.reject(new Error('not used'));
  return {
    batches,
    store: {
      load: unused,
      read: unused,
      inspect: unused,
      repair: unused,
      close: () => Promise.resolve(),
      write: (writes) => {
        batches.push(writes);
        return new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
      },
    },
    sync: () => waiting.shift()?.resolve(),
    fail: (error) => waiting.shift()?.reject(error),
  };
}

function write(write_id: number): Persist {
  return {
    kind: 'persist',
    write_id,
    hard_state: null,
    truncate_from: null,
    base: null,
    entries: [],
    commit_index: 0,
  };
}

function setUp() {
  const time = new VirtualClock();
  const disk = heldStore();
  const heard: string[] = [];
  const persister = new Persister({
    store: disk.store,
    clock: time.forProcess().clock,
    onPersisted: (write_id) => heard.push(`persisted ${write_id}`),
    onFailed: (error) => heard.push(`failed ${String(error)}`),
  });
  const say = (what: string): void => persister.afterPersisted(() => heard.push(what));
  return { time, disk, heard, persister, say };
}

describe('what depends on a write', () => {
  test('scenario 6: is said at once when everything is on the disk', () => {
    const { heard, say } = setUp();
    say('nothing to wait for');
    expect(heard).toEqual(['nothing to wait for']);
  });

  test('scenario 6: waits while its write is gathered, and while it is with the disk', async () => {
    const { time, disk, heard, persister, say } = setUp();
    persister.add(write(1));
    say('after the first');
    expect(heard).toEqual([]);
    await time.advance(1);
    expect(disk.batches).toHaveLength(1);
    say('while it is with the disk');
    await time.advance(10_000);
    expect(heard).toEqual([]);
    disk.sync();
    await time.advance(1);
    expect(heard).toEqual(['after the first', 'while it is with the disk', 'persisted 1']);
  });

  test('scenario 6: waits for its own batch, not for the one before it', async () => {
    const { time, disk, heard, persister, say } = setUp();
    persister.add(write(1));
    await time.advance(1);
    persister.add(write(2));
    say('after the second');
    disk.sync();
    await time.advance(1);
    expect(heard).toEqual(['persisted 1']);
    disk.sync();
    await time.advance(1);
    expect(heard).toEqual(['persisted 1', 'after the second', 'persisted 2']);
  });

  test('what gathers while the disk is busy is one batch', async () => {
    const { time, disk, persister } = setUp();
    persister.add(write(1));
    await time.advance(1);
    for (const write_id of [2, 3, 4]) persister.add(write(write_id));
    await time.advance(1);
    expect(disk.batches.map((batch) => batch.map((one) => one.write_id))).toEqual([[1]]);
    disk.sync();
    await time.advance(1);
    expect(disk.batches.map((batch) => batch.map((one) => one.write_id))).toEqual([[1], [2, 3, 4]]);
  });

  test('is never said after a failure, nor after a stop', async () => {
    const broken = setUp();
    broken.persister.add(write(1));
    broken.say('depends on a write that failed');
    await broken.time.advance(1);
    broken.disk.fail(new Error('no space'));
    await broken.time.advance(1);
    expect(broken.heard).toEqual(['failed Error: no space']);

    const stopped = setUp();
    stopped.persister.add(write(1));
    stopped.say('depends on a write that was cut off');
    await stopped.time.advance(1);
    stopped.persister.stop();
    stopped.disk.sync();
    await stopped.time.advance(1);
    expect(stopped.heard).toEqual([]);
  });
});
