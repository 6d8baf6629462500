import { describe, expect, test } from '@jest/globals';
import { assert } from '../../src/base/assert.ts';
import { Applier } from '../../src/consensus/applier.ts';
import { DiskFullError } from '../../src/consensus/disk-full-error.ts';
import type { StateMachine } from '../../src/consensus/ports.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import { limits } from '../../src/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const entries: readonly Entry[] = Array.from({ length: 20 }, (_, at) =>
  sealEntry({
    index: at + 1,
    term: 1,
    kind: 'command',
    request_id: '',
    payload: new Uint8Array(0),
  }),
);

/** Takes the first few of what it is given, each time that one of these numbers says. */
class PickyMachine implements StateMachine {
  readonly digest = '';
  readonly base = null;
  readonly given: (readonly [number, number])[] = [];
  applied_index = 0;
  /** Thrown by the next attempt. */
  defect: Error | null = null;
  #takes: readonly number[];

  constructor(takes: readonly number[]) {
    this.#takes = takes;
  }

  reload(): void {
    assert(false, 'no snapshot is here');
  }

  apply(batch: readonly Entry[]): readonly string[] {
    const [take = batch.length, ...rest] = this.#takes;
    const { defect } = this;
    this.defect = null;
    if (defect !== null) throw defect;
    this.#takes = rest;
    this.given.push([batch[0]?.index ?? 0, batch.length]);
    return batch.slice(0, take).map((entry) => {
      assert(entry.index === this.applied_index + 1, 'a gap');
      this.applied_index = entry.index;
      return `outcome of ${entry.index}`;
    });
  }
}

type Source = 'memory' | 'store';

function setUp(source: Source, machine: StateMachine, spent_ms = 0) {
  const time = new VirtualClock();
  const { clock } = time.forProcess();
  const applied: (readonly [number, number])[] = [];
  const turns: number[] = [];
  let late_ms = 0;
  const applier = new Applier({
    state_machine: machine,
    store: { read: (from, through) => Promise.resolve(entries.slice(from - 1, through)) },
    // As if each transaction took its time.
    clock: {
      ...clock,
      now_ms: () => clock.now_ms() + late_ms,
      soon(callback) {
        clock.soon(() => {
          turns.push(applied.length);
          callback();
        });
      },
    },
    recentEntries: (from, through) =>
      source === 'store' ? null : entries.slice(from - 1, through),
    onApplied(batch, outcomes) {
      late_ms += spent_ms;
      expect(outcomes).toEqual(batch.map(({ index }) => `outcome of ${index}`));
      applied.push([batch[0]?.index ?? 0, batch.length]);
    },
    onStalled: () => undefined,
    onHalted(error) {
      throw error;
    },
  });
  return { time, applier, applied, turns };
}

describe('a state machine that takes the first few of a batch', () => {
  test.each<Source>(['memory', 'store'])('gets the rest again, from %s', async (source) => {
    const machine = new PickyMachine([3, 1, 7]);
    const { time, applier, applied } = setUp(source, machine);
    applier.applyThrough(20);
    await time.advance(1);
    expect(machine.given).toEqual([
      [1, 20],
      [4, 17],
      [5, 16],
      [12, 9],
    ]);
    expect(applied).toEqual([
      [1, 3],
      [4, 1],
      [5, 7],
      [12, 9],
    ]);
  });

  test.each<Source>(['memory', 'store'])(
    'gets the rest again when there was no space for it, from %s',
    async (source) => {
      const machine = new PickyMachine([3, 4]);
      const { time, applier, applied } = setUp(source, machine);
      applier.applyThrough(2);
      await time.advance(1);
      machine.defect = new DiskFullError('full');
      applier.applyThrough(20);
      await time.advance(1);
      expect(machine.applied_index).toBe(2);
      await time.advance(limits.apply_retry_ms);
      expect(applied).toEqual([
        [1, 2],
        [3, 4],
        [7, 14],
      ]);
    },
  );

  test('lets others have the event loop between two transactions that take long', async () => {
    const machine = new PickyMachine(Array<number>(20).fill(1));
    const { time, applier, applied, turns } = setUp('memory', machine, limits.apply_slice_ms + 1);
    applier.applyThrough(20);
    expect(applied.length).toBe(1);
    await time.advance(1);
    expect(applied.length).toBe(20);
    expect(turns).toEqual(Array.from({ length: 19 }, (_, at) => at + 1));
  });
});
