import { describe, expect, test } from '@jest/globals';
import { operationsOf } from './insistence.ts';
import type { Outcome } from './insistence.ts';
import { judgeHistory } from './linearizability.ts';
import { slot_model, withoutUnseenCreations } from './slot-model.ts';
import type { SlotInput, SlotOperation, SlotOutput } from './slot-model.ts';

function isLegal(history: readonly SlotOperation[]): boolean {
  return judgeHistory(slot_model, withoutUnseenCreations(history)).is_linearizable;
}

type Kind = Exclude<SlotInput['kind'], 'read'>;
type Times = readonly [called_at: number, answered_at: number];

function operation(input: SlotInput, output: SlotOutput, times: Times): SlotOperation {
  const [called_at, answered_at] = times;
  return { input, output, called_at, answered_at };
}

function done(kind: Kind, title: string, times: Times): SlotOperation {
  return operation({ kind, title }, { kind: 'done' }, times);
}

function refused(kind: Kind, title: string, overlaps: string[], times: Times): SlotOperation {
  return operation({ kind, title }, { kind: 'conflict', overlaps }, times);
}

function refusedFor(holder: string): Outcome<SlotOutput> {
  return { kind: 'refused', output: { kind: 'conflict', overlaps: [holder] }, is_final: false };
}

function read(by: string[], times: Times): SlotOperation {
  return operation({ kind: 'read' }, { kind: 'held', by }, times);
}

function unknown(kind: Kind, title: string, called_at: number): SlotOperation {
  return { input: { kind, title }, output: null, called_at, answered_at: Infinity };
}

describe('a slot that several want', () => {
  test.each<[string, SlotOperation[]]>([
    ['nobody has it', [read([], [0, 1])]],
    [
      'two at once: one has it, the other is told so',
      [done('create', 'a', [0, 5]), refused('create', 'b', ['a'], [0, 5]), read(['a'], [6, 7])],
    ],
    [
      'it is freed, taken, and cannot be taken back',
      [
        done('create', 'a', [0, 1]),
        done('cancel', 'a', [2, 3]),
        read([], [4, 5]),
        done('create', 'b', [6, 7]),
        refused('restore', 'a', ['b'], [8, 9]),
        done('cancel', 'b', [10, 11]),
        done('restore', 'a', [12, 13]),
        read(['a'], [14, 15]),
      ],
    ],
    [
      'cancelled twice, restored twice',
      [
        done('create', 'a', [0, 1]),
        done('cancel', 'a', [2, 3]),
        done('cancel', 'a', [4, 5]),
        done('restore', 'a', [6, 7]),
        done('restore', 'a', [8, 9]),
      ],
    ],
    [
      'an unknown creation has it',
      [unknown('create', 'a', 0), refused('create', 'b', ['a'], [1, 2]), read(['a'], [3, 4])],
    ],
    [
      'an unknown creation never happened',
      [unknown('create', 'a', 0), done('create', 'b', [1, 2]), read(['b'], [3, 4])],
    ],
    [
      'an unknown cancellation made room, late',
      [
        done('create', 'a', [0, 1]),
        unknown('cancel', 'a', 2),
        refused('create', 'b', ['a'], [3, 4]),
        done('create', 'c', [5, 6]),
        read(['c'], [7, 8]),
      ],
    ],
  ])('may be: %s', (_name, history) => {
    expect(isLegal(history)).toBe(true);
  });

  test.each<[string, SlotOperation[]]>([
    [
      'a key that is lost: refused for what it made itself',
      [unknown('create', 'a', 0), refused('create', 'a', ['a'], [1, 2]), read(['a'], [3, 4])],
    ],
    [
      'a key that is lost: refused for another, long after it was there and gone',
      [
        ...operationsOf<SlotInput, SlotOutput>({ kind: 'create', title: 'a' }, [
          { outcome: { kind: 'unknown' }, called_at: 0, answered_at: 1 },
          { outcome: refusedFor('b'), called_at: 8, answered_at: 9 },
        ]),
        read(['a'], [2, 3]),
        done('cancel', 'a', [4, 5]),
        done('create', 'b', [6, 7]),
      ],
    ],
    ['both have it', [done('create', 'a', [0, 5]), done('create', 'b', [0, 5])]],
    ['a 409 for a free slot', [refused('create', 'a', ['b'], [0, 1])]],
    ['a 409 that names nobody', [done('create', 'a', [0, 1]), refused('create', 'b', [], [2, 3])]],
    [
      'a 409 that names who is gone',
      [
        done('create', 'a', [0, 1]),
        done('cancel', 'a', [2, 3]),
        done('create', 'b', [4, 5]),
        refused('create', 'c', ['a'], [6, 7]),
      ],
    ],
    [
      'a 409 because of what was refused itself',
      [
        done('create', 'a', [0, 1]),
        refused('create', 'b', ['a'], [2, 3]),
        done('cancel', 'a', [4, 5]),
        refused('create', 'c', ['b'], [6, 7]),
      ],
    ],
    [
      'taken back from another',
      [
        done('create', 'a', [0, 1]),
        done('cancel', 'a', [2, 3]),
        done('create', 'b', [4, 5]),
        done('restore', 'a', [6, 7]),
      ],
    ],
    ['a creation that is lost', [done('create', 'a', [0, 1]), read([], [2, 3])]],
    ['two in one slot', [done('create', 'a', [0, 1]), read(['a', 'b'], [2, 3])]],
    [
      'an unknown creation that comes and goes',
      [unknown('create', 'a', 0), read(['a'], [1, 2]), read([], [3, 4])],
    ],
  ])('cannot be: %s', (_name, history) => {
    expect(isLegal(history)).toBe(false);
  });
});
