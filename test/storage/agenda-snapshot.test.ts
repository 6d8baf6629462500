import { truncateSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { StateCheckpoints } from '../../src/storage/checkpoint.ts';
import { DAY_MS, HOUR_MS, MIDNIGHT } from '../support/agenda-fixture.ts';
import { ana, booked, opened, rangeOf, write } from '../support/store-fixture.ts';

const range = rangeOf(MIDNIGHT, MIDNIGHT + DAY_MS, { limit: 10 });

describe('a snapshot of the agenda', () => {
  test('shows one state, whatever is applied while it is read', () => {
    opened((store) => {
      write(store, booked({ key: 8_192, start: MIDNIGHT, end: MIDNIGHT + HOUR_MS }));
      const snapshot = store.view.agendaSnapshot();
      write(store, booked({ key: 12_288, start: MIDNIGHT + HOUR_MS, end: MIDNIGHT + 2 * HOUR_MS }));
      expect(snapshot?.agendaOf(ana.key, range).map((one) => one.appointment.key)).toEqual([8_192]);
      expect(store.view.agendaOf(ana.key, range).map((one) => one.appointment.key)).toEqual([
        8_192, 12_288,
      ]);
      snapshot?.close();
    });
  });

  test('is refused when too many are open, and had again when one is closed', () => {
    opened((store) => {
      const open = Array.from({ length: limits.agenda_snapshots_max }, () =>
        store.view.agendaSnapshot(),
      );
      expect(open).not.toContain(null);
      expect(store.view.agendaSnapshot()).toBeNull();
      open.pop()?.close();
      const again = store.view.agendaSnapshot();
      expect(again).not.toBeNull();
      for (const snapshot of [...open, again]) snapshot?.close();
    });
  });

  test('is refused while the WAL is too long, which is cut once those that are open are closed', () => {
    opened((store, path) => {
      const checkpoints = new StateCheckpoints({ path });
      write(store, booked({ key: 8_192, start: MIDNIGHT, end: MIDNIGHT + HOUR_MS }));
      const open = store.view.agendaSnapshot();
      write(store, booked({ key: 12_288, start: MIDNIGHT + HOUR_MS, end: MIDNIGHT + 2 * HOUR_MS }));
      truncateSync(`${path}-wal`, limits.agenda_snapshot_wal_bytes_max + 1);
      expect(store.view.agendaSnapshot()).toBeNull();
      checkpoints.run();
      expect(store.view.agendaSnapshot()).toBeNull();
      open?.close();
      checkpoints.run();
      const again = store.view.agendaSnapshot();
      expect(again?.agendaOf(ana.key, range)).toHaveLength(2);
      again?.close();
      checkpoints.close();
    });
  });
});
