import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { Logger } from 'pino';
import { limits } from '../../src/limits.ts';
import { setWrongStateAside } from '../../src/node/rebuild-state.ts';
import { NodeDatabase } from '../../src/storage/node-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('rebuild-state');
afterAll(directory.remove);

const nobody = { warn: () => undefined } as unknown as Logger;
const DAY_AGO = new Date(Date.now() - limits.states_set_aside_within_ms - 60_000);

/** Finds its state wrong and starts again; `ageAll` makes all that was set aside a day older. */
function openReplica() {
  const data = mkdtempSync(join(directory.path, 'data-'));
  const path = join(data, 'agenda.db');
  const setAside = (): string[] => readdirSync(data).filter((name) => name.includes('.aside-'));
  return {
    setAside,
    restart(): void {
      const node_database = new NodeDatabase(join(data, 'node.db'));
      try {
        writeFileSync(path, 'a state');
        // Nothing was written to it for long: that says nothing of when it was set aside.
        utimesSync(path, DAY_AGO, DAY_AGO);
        node_database.markStateWrong(Date.now());
        setWrongStateAside(path, node_database, nobody);
      } finally {
        node_database.close();
      }
    },
    ageAll(): void {
      for (const name of setAside()) utimesSync(join(data, name), DAY_AGO, DAY_AGO);
    },
  };
}

test('a fourth wrong state within a day is a reason to look first', () => {
  const replica = openReplica();
  for (let count = 0; count < limits.states_set_aside_max; count += 1) replica.restart();
  expect(() => replica.restart()).toThrow(
    /3 were set aside before .*aside-1.*3 of them within a day/u,
  );
  expect(replica.setAside()).toHaveLength(limits.states_set_aside_max);
});

test('those of other days do not count, until there are too many for the disk', () => {
  const replica = openReplica();
  for (let count = 0; count < limits.states_set_aside_in_all_max; count += 1) {
    replica.restart();
    replica.ageAll();
  }
  expect(replica.setAside()).toHaveLength(limits.states_set_aside_in_all_max);
  expect(() => replica.restart()).toThrow('10 were set aside before');
});
