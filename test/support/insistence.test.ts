import { describe, expect, test } from '@jest/globals';
import { appointmentModel } from './appointment-model.ts';
import type { AppointmentInput, AppointmentOutput } from './appointment-model.ts';
import { operationsOf } from './insistence.ts';
import type { Attempt, Outcome } from './insistence.ts';
import { judgeHistory } from './linearizability.ts';

/** One attempt a second, half a second each. */
function attempts<Output>(...outcomes: Outcome<Output>[]): Attempt<Output>[] {
  return outcomes.map((outcome, second) => ({
    outcome,
    called_at: second,
    answered_at: second + 0.5,
  }));
}

const done = { kind: 'done', output: 'done' } as const;
const refused = { kind: 'refused', output: 'refused', is_final: false } as const;
const not_done = { kind: 'not_done' } as const;
const unknown = { kind: 'unknown' } as const;

describe('the attempts of one request with one key', () => {
  test('are one operation when one of them is acknowledged', () => {
    const [operation, ...more] = operationsOf('it', attempts(not_done, unknown, not_done, done));
    // Since the second one it may have been done.
    expect(operation).toEqual({ input: 'it', output: 'done', called_at: 1, answered_at: 3.5 });
    expect(more).toEqual([]);
  });

  test('are the last one when certainly nothing was done before', () => {
    const told = { input: 'it', output: 'refused', called_at: 1, answered_at: 1.5 };
    expect(operationsOf('it', attempts(not_done, refused))).toEqual([told]);
    expect(operationsOf('it', attempts(not_done, done))).toEqual([{ ...told, output: 'done' }]);
  });

  test('may still happen after a refusal when one is unknown, but did not before', () => {
    expect(operationsOf('it', attempts(unknown, refused))).toEqual([
      { input: 'it', output: 'refused', called_at: 1, answered_at: 1.5 },
      { input: 'it', output: null, called_at: 1, answered_at: Infinity },
    ]);
  });

  test('never happen after a refusal that is final', () => {
    const final = { ...refused, is_final: true };
    expect(operationsOf('it', attempts(unknown, final))).toEqual([
      { input: 'it', output: 'refused', called_at: 1, answered_at: 1.5 },
    ]);
  });

  test('may have happened when nothing was ever answered', () => {
    expect(operationsOf('it', attempts(not_done, unknown, not_done))).toEqual([
      { input: 'it', output: null, called_at: 1, answered_at: Infinity },
    ]);
  });

  test('are nothing when certainly nothing was done', () => {
    expect(operationsOf('it', attempts(not_done, not_done))).toEqual([]);
  });
});

describe('a key that is lost', () => {
  const first = { version: 1, title: 'first', description: '', is_cancelled: false };
  const changed = { ...first, version: 2, title: 'changed' };
  const put = { kind: 'put', title: 'changed', description: '' } as const;

  function isLegal(
    input: AppointmentInput,
    then: Outcome<AppointmentOutput>,
    seen: typeof first,
  ): boolean {
    const told = operationsOf(input, attempts<AppointmentOutput>(unknown, then));
    const reading = attempts<AppointmentOutput>(not_done, not_done, {
      kind: 'done',
      output: { kind: 'shown', state: seen },
    });
    const history = [
      ...told,
      ...operationsOf<AppointmentInput, AppointmentOutput>({ kind: 'get' }, reading),
    ];
    return judgeHistory(appointmentModel(first), history).is_linearizable;
  }

  const stale = {
    kind: 'refused',
    output: { kind: 'refused', status: 412 },
    is_final: true,
  } as const;
  const replayed = { kind: 'done', output: { kind: 'shown', state: changed } } as const;

  test('is found: a change with If-Match is there, and its repetition was refused with 412', () => {
    expect(isLegal({ ...put, if_match: 1 }, stale, changed)).toBe(false);
    expect(isLegal({ ...put, if_match: 1 }, replayed, changed)).toBe(true);
  });

  test('is found: a change without If-Match is there twice', () => {
    const twice = { ...changed, version: 3 };
    const again = { kind: 'done', output: { kind: 'shown', state: twice } } as const;
    expect(isLegal({ ...put, if_match: null }, again, twice)).toBe(false);
    expect(isLegal({ ...put, if_match: null }, replayed, changed)).toBe(true);
  });
});
