import { expect, test } from '@jest/globals';
import { describeLogStore } from '../conformance/log-store.ts';
import { commandEntries, commandEntry, enterTerm, persist } from './log-fixtures.ts';
import { SimulatedLogStore } from './simulated-log-store.ts';

describeLogStore('SimulatedLogStore', () => {
  let store = new SimulatedLogStore();
  return Promise.resolve({
    store,
    reopen() {
      store = store.reopen();
      return Promise.resolve(store);
    },
    cleanUp: () => Promise.resolve(),
  });
});

/** Long enough for everything that is not stalled. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test('a stalled disk does nothing until it is resumed; then one sync does for all', async () => {
  const store = new SimulatedLogStore();
  store.stall();
  let resolved = 0;
  const writes = [store.write([enterTerm(1)])];
  for (const entry of commandEntries(1, 3, 1))
    writes.push(store.write([persist({ entries: [entry] })]));
  for (const write of writes) void write.then(() => (resolved += 1));
  await settle();
  expect({ resolved, syncs: store.syncs }).toEqual({ resolved: 0, syncs: 0 });
  store.resume();
  await Promise.all(writes);
  expect({ resolved, syncs: store.syncs }).toEqual({ resolved: 4, syncs: 1 });
});

test('a power cut takes what was not synced, whose promises never resolve', async () => {
  const store = new SimulatedLogStore();
  await store.write([enterTerm(1, { entries: commandEntries(1, 2, 1) })]);
  store.stall();
  let told = false;
  const tell = (): void => void (told = true);
  store.write([persist({ entries: [commandEntry(3, 1)] })]).then(tell, tell);
  store.powerCut();
  store.resume();
  store.write([persist({ entries: [commandEntry(3, 1)] })]).then(tell, tell);
  await settle();
  expect(told).toBe(false);
  expect((await store.reopen().load()).last_index).toBe(2);
});

test('a broken disk rejects what waits and what follows', async () => {
  const store = new SimulatedLogStore();
  store.stall();
  const waiting = store.write([enterTerm(1)]);
  store.fail('no space left');
  await expect(waiting).rejects.toThrow('no space left');
  await expect(store.load()).rejects.toThrow('no space left');
  expect((await store.reopen().load()).hard_state.term).toBe(0);
});
