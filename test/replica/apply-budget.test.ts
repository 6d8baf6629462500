import { describe, expect, test } from '@jest/globals';
import type { RowChange } from '../../src/agenda/change.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Decide } from '../../src/agenda/decide/decision.ts';
import { limits } from '../../src/limits.ts';
import {
  applyAll,
  dumpTables,
  registerBody,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { newPath } from '../support/store-fixture.ts';

const ROWS_EACH = 900;
/** The first ones that together write as many rows as one transaction is to. */
const AT_ONCE = Math.ceil(limits.apply_rows_max / ROWS_EACH);

/** Registering somebody writes so many rows, and a little. */
const greedy: Decide = (view, body, context) => {
  const decision = decide(view, body, context);
  if (decision.kind === 'refused' || body.kind !== 'user.register') return decision;
  const posts = Array.from({ length: ROWS_EACH }, (): RowChange => {
    const { origin_node, state_time } = context;
    const said = { author_key: 7, group_key: null, content: '', version: 1 };
    const row = { key: context.nextKey(), ...said, origin_node, created_at: state_time };
    return { op: 'insert', table: 'posts', row };
  });
  return { ...decision, changes: [...decision.changes, ...posts] };
};

function manyRegistrations(count: number): TestLog {
  const log = new TestLog();
  for (let nth = 0; nth < count; nth += 1) log.command(registerBody(`Person${nth}`));
  return log;
}

describe('one transaction', () => {
  test('ends after the entry with which enough rows are written', () => {
    const { entries } = manyRegistrations(20);
    withMachine(
      newPath(),
      ({ machine, change_feed }) => {
        expect(machine.apply(entries)).toMatchObject(
          Array.from({ length: AT_ONCE }, () => ({ kind: 'done' })),
        );
        expect([machine.applied_index, change_feed.cursor]).toEqual([AT_ONCE, AT_ONCE]);
        expect(machine.apply(entries.slice(AT_ONCE)).length).toBe(AT_ONCE);
        expect(machine.applied_index).toBe(2 * AT_ONCE);
      },
      greedy,
    );
  });

  test('holds many small ones', () => {
    const { entries } = manyRegistrations(limits.apply_entries_max);
    withMachine(newPath(), ({ machine }) => {
      expect(machine.apply(entries).length).toBe(limits.apply_entries_max);
    });
  });

  test('where it ends makes no difference', () => {
    const { entries } = manyRegistrations(12);
    const [one, ...others] = [[1], [64], [3, 1, 7]].map((batch_sizes) => {
      const path = newPath();
      return withMachine(
        path,
        ({ machine }) => {
          expect(applyAll(machine, entries, batch_sizes).length).toBe(12);
          return { digest: machine.digest, tables: dumpTables(path) };
        },
        greedy,
      );
    });
    for (const other of others) expect(other).toEqual(one);
  });

  test('tells of a defect of an entry that comes again only then', () => {
    const log = manyRegistrations(AT_ONCE);
    log.payload(Buffer.from('garbage'));
    withMachine(
      newPath(),
      ({ machine, failures }) => {
        machine.apply(log.entries);
        expect(failures).toEqual([]);
        machine.apply(log.entries.slice(AT_ONCE));
        expect(failures).toEqual([[AT_ONCE + 1, 'undecodable']]);
      },
      greedy,
    );
  });
});
