import { describe, expect, test } from '@jest/globals';
import { appointmentModel, withUnseenAlike } from './appointment-model.ts';
import type {
  AppointmentInput,
  AppointmentOperation,
  AppointmentOutput,
  AppointmentState,
} from './appointment-model.ts';
import { judgeHistory } from './linearizability.ts';

const initial: AppointmentState = { version: 1, title: 'a', description: '', is_cancelled: false };

function isLegal(history: readonly AppointmentOperation[]): boolean {
  return judgeHistory(appointmentModel(initial), withUnseenAlike(history)).is_linearizable;
}

/** At a moment of its own, unless it says how long it took. */
function known(
  input: AppointmentInput,
  output: AppointmentOutput,
  [called_at, answered_at]: readonly [number, number],
): AppointmentOperation {
  return { input, output, called_at, answered_at };
}

function unknown(input: AppointmentInput, called_at: number): AppointmentOperation {
  return { input, output: null, called_at, answered_at: Infinity };
}

const get = { kind: 'get' } as const;
const cancel = { kind: 'cancel', if_match: null } as const;
const restore = { kind: 'restore', if_match: null } as const;

function put(title: string, if_match: number | null = null): AppointmentInput {
  return { kind: 'put', title, description: `of ${title}`, if_match };
}

function retitle(title: string, if_match: number | null = null): AppointmentInput {
  return { kind: 'patch', title, description: null, if_match };
}

function shown(version: number, changes: Partial<AppointmentState> = {}): AppointmentOutput {
  return { kind: 'shown', state: { ...initial, version, ...changes } };
}

function shownPut(version: number, title: string): AppointmentOutput {
  return shown(version, { title, description: `of ${title}` });
}

const forbidden = { kind: 'refused', status: 403 } as const;
const precondition_failed = { kind: 'refused', status: 412 } as const;

describe('an appointment under a mixed load', () => {
  test.each<[string, AppointmentOperation[]]>([
    ['it is as it was made', [known(get, shown(1), [0, 1])]],
    [
      'a change of one text leaves the other',
      [
        known(put('b'), shownPut(2, 'b'), [0, 1]),
        known(retitle('c'), shown(3, { title: 'c', description: 'of b' }), [2, 3]),
      ],
    ],
    [
      'cancelled, refused, restored, changed',
      [
        known(cancel, { kind: 'version', version: 2 }, [0, 1]),
        known(get, shown(2, { is_cancelled: true }), [2, 3]),
        known(put('b'), forbidden, [4, 5]),
        known(restore, shown(3), [6, 7]),
        known(retitle('c'), shown(4, { title: 'c' }), [8, 9]),
      ],
    ],
    [
      'cancelled and restored twice is the same as once',
      [
        known(cancel, { kind: 'version', version: 2 }, [0, 1]),
        known(cancel, { kind: 'version', version: 2 }, [2, 3]),
        known(restore, shown(3), [4, 5]),
        known(restore, shown(3), [6, 7]),
      ],
    ],
    [
      'two at once with one If-Match: one is a 412',
      [
        known(put('b', 1), shownPut(2, 'b'), [0, 5]),
        known(put('c', 1), precondition_failed, [0, 5]),
      ],
    ],
    [
      'a 412 on what is cancelled',
      [
        known(cancel, { kind: 'version', version: 2 }, [0, 1]),
        known(put('b', 1), precondition_failed, [2, 3]),
      ],
    ],
    [
      'an unknown change that nobody saw, but for the version',
      [unknown(put('b'), 0), known(put('c'), shownPut(3, 'c'), [1, 2])],
    ],
    [
      'several of them, of several kinds',
      [
        unknown(put('b'), 0),
        unknown(retitle('c'), 0),
        unknown(cancel, 0),
        unknown(restore, 0),
        known(put('d'), shownPut(6, 'd'), [1, 2]),
      ],
    ],
    [
      'an unknown change that is seen late',
      [
        unknown(put('b'), 0),
        known(put('c'), shownPut(2, 'c'), [1, 2]),
        known(get, shownPut(3, 'b'), [3, 4]),
      ],
    ],
    [
      'an unknown change with an If-Match that came too late',
      [
        unknown(put('b', 1), 0),
        known(put('c'), shownPut(2, 'c'), [1, 2]),
        known(get, shownPut(2, 'c'), [3, 4]),
      ],
    ],
    [
      'a refusal because of an unknown cancellation',
      [unknown(cancel, 0), known(put('b'), forbidden, [1, 2])],
    ],
    [
      'a 412 because of an unknown change',
      [unknown(put('b'), 0), known(put('c', 1), precondition_failed, [1, 2])],
    ],
  ])('may be: %s', (_name, history) => {
    expect(isLegal(history)).toBe(true);
  });

  test.each<[string, AppointmentOperation[]]>([
    ['a lost change', [known(put('b'), shownPut(2, 'b'), [0, 1]), known(get, shown(1), [2, 3])]],
    [
      'a lost update: two with one If-Match are done',
      [known(put('b', 1), shownPut(2, 'b'), [0, 5]), known(put('c', 1), shownPut(3, 'c'), [0, 5])],
    ],
    ['a 412 with the version it has', [known(put('b', 1), precondition_failed, [0, 1])]],
    ['a refusal of what is not cancelled', [known(put('b'), forbidden, [0, 1])]],
    [
      'a change of what is cancelled',
      [
        known(cancel, { kind: 'version', version: 2 }, [0, 1]),
        known(retitle('b'), shown(3, { title: 'b', is_cancelled: true }), [2, 3]),
      ],
    ],
    [
      'done twice: the version has grown by two',
      [known(put('b'), shownPut(2, 'b'), [0, 1]), known(get, shownPut(3, 'b'), [2, 3])],
    ],
    [
      'a cancellation that comes undone',
      [known(cancel, { kind: 'version', version: 2 }, [0, 1]), known(get, shown(2), [2, 3])],
    ],
    [
      'a patch that undoes a change of the other text',
      [
        known(put('b'), shownPut(2, 'b'), [0, 1]),
        known(retitle('c'), shown(3, { title: 'c' }), [2, 3]),
      ],
    ],
    [
      'one unknown change for two versions',
      [unknown(put('b'), 0), known(put('c'), shownPut(4, 'c'), [1, 2])],
    ],
    [
      'an unknown change before it was asked for',
      [known(get, shownPut(2, 'b'), [0, 1]), unknown(put('b'), 2)],
    ],
    [
      'an unknown change with an If-Match that did not hold',
      [
        unknown(put('b', 1), 0),
        known(put('c'), shownPut(2, 'c'), [1, 2]),
        known(get, shownPut(3, 'b'), [3, 4]),
      ],
    ],
    [
      'an unknown change that happens twice',
      [
        unknown(put('b'), 0),
        known(get, shownPut(2, 'b'), [1, 2]),
        known(put('c'), shownPut(3, 'c'), [3, 4]),
        known(get, shownPut(4, 'b'), [5, 6]),
      ],
    ],
  ])('cannot be: %s', (_name, history) => {
    expect(isLegal(history)).toBe(false);
  });
});
