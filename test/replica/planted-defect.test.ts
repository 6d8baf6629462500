import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Decide } from '../../src/agenda/decide/decision.ts';
import { keyAt } from '../../src/agenda/id.ts';
import {
  applyAll,
  dumpTables,
  HOUR_MS,
  MIDNIGHT,
  registerBody,
  requestKey,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('planted-defect');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

describe('a defect in the rules', () => {
  /** Throws at a certain title; writes a row that the database refuses at another. */
  const planted: Decide = (view, body, context) => {
    const decision = decide(view, body, context);
    if (body.kind !== 'appointment.create' || decision.kind === 'refused') return decision;
    if (body.title === 'throw') throw new TypeError('planted');
    if (body.title !== 'bad row') return decision;
    const [change] = decision.changes;
    if (change?.op !== 'insert' || change.table !== 'appointments') return decision;
    const row = { ...change.row, title: null as unknown as string };
    return { ...decision, changes: [...decision.changes.slice(1), { ...change, row }] };
  };

  function plantedLog(): TestLog {
    const log = new TestLog();
    // Forgotten, and pruned, with the next command.
    const remember = requestKey('short', '', 500);
    const ana = keyAt(log.command(registerBody('Ana'), { remember }), 0);
    const at_hour = (hour: number): { start: number; end: number } => ({
      start: MIDNIGHT + hour * HOUR_MS,
      end: MIDNIGHT + (hour + 1) * HOUR_MS,
    });
    log.book(ana, { title: 'throw', ...at_hour(1) }, { remember: requestKey('planted') });
    log.book(ana, { title: 'after', ...at_hour(1) });
    log.book(ana, { title: 'bad row', ...at_hour(2) }, { remember: requestKey('bad') });
    log.book(ana, { title: 'after', ...at_hour(2) });
    log.book(ana, { title: 'bad row', ...at_hour(3) });
    log.book(ana, { title: 'good', ...at_hour(3) }, { remember: requestKey('planted', 'other') });
    return log;
  }

  const outcomes_expected = [
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
  ];

  test('becomes the same refusal everywhere, and later commands work', () => {
    const { entries } = plantedLog();
    const runs = [[1], [64], [1, 64], [3]].map((batch_sizes) => {
      const path = newPath();
      return withMachine(
        path,
        ({ machine, failures }) => {
          expect(applyAll(machine, entries, batch_sizes)).toMatchObject(outcomes_expected);
          expect(failures.toSorted((one, other) => one[0] - other[0])).toEqual([
            [2, 'appointment.create'],
            [4, 'appointment.create'],
            [6, 'appointment.create'],
          ]);
          return { digest: machine.digest, tables: dumpTables(path) };
        },
        planted,
      );
    });
    for (const run of runs.slice(1)) expect(run).toEqual(runs[0]);
  });

  test('leaves nothing but a row in the audit', () => {
    const path = newPath();
    withMachine(path, ({ machine }) => applyAll(machine, plantedLog().entries), planted);
    const { appointments, occurrences, audit_logs, raft_applied } = dumpTables(path);
    expect(appointments).toHaveLength(3);
    expect(occurrences).toHaveLength(3);
    expect(raft_applied).toHaveLength(1);
    const failed = audit_logs?.filter(
      (row) => (row as { action: string }).action === 'command.failed',
    );
    expect(failed).toMatchObject(
      [2, 4, 6].map((index) => ({
        key: keyAt(index, 0),
        component: 'commands',
        actor_key: keyAt(1, 0),
        object_key: null,
        request_id: `request-${index}`,
        origin_node: 'agenda-1',
      })),
    );
  });

  test('in a consequence leaves nothing of the command either', () => {
    const log = new TestLog();
    log.register('Ana');
    const path = newPath();
    withMachine(
      path,
      ({ machine }) => {
        expect(applyAll(machine, log.entries)).toMatchObject([
          { kind: 'refused', refusal: { code: 'internal_error' } },
        ]);
      },
      (view, body, context) => {
        if (body.kind === 'calendar.create_default') throw new Error('planted');
        return decide(view, body, context);
      },
    );
    expect(dumpTables(path)).toMatchObject({ users: [], calendars: [] });
  });

  test('more rows than a command may write are a defect', () => {
    const log = new TestLog();
    log.register('Ana');
    withMachine(
      newPath(),
      ({ machine, failures }) => {
        applyAll(machine, log.entries);
        expect(failures).toEqual([[1, 'user.register']]);
      },
      (view, body, context) => {
        const decision = decide(view, body, context);
        if (decision.kind === 'refused') return decision;
        const [change] = decision.changes;
        return change === undefined
          ? decision
          : { ...decision, changes: Array.from({ length: 2_001 }, () => change) };
      },
    );
  });
});
