import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { AuditQueueRows, audit_queue_migration } from '../../src/storage/audit-queue.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { auditEvent } from '../support/audit-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('audit-queue');
afterAll(directory.remove);

type Appending = Parameters<AuditQueueRows['append']>[0];
type NewEvent = Appending['events'][number];

function newEvent(number: number, changes: Partial<NewEvent> = {}): NewEvent {
  const { id: _id, ...event } = auditEvent(number, changes);
  return event;
}

const gapOf: Appending['gapOf'] = (lost) =>
  newEvent(0, {
    component: 'audit',
    action: 'audit.gap',
    request_id: 'gap',
    payload: JSON.stringify(Object.fromEntries(lost.map((one) => [one.action, one.count]))),
    count: lost.reduce((sum, { count }) => sum + count, 0),
  });

function appending(events: readonly NewEvent[], run_id = 'run-1'): Appending {
  return { run_id, events, lost: [], gapOf };
}

function open(path: string, bytes_max?: number) {
  const database = openDatabase({ path, synchronous: 'normal' });
  migrate(database, [audit_queue_migration]);
  return { queue: new AuditQueueRows(database, bytes_max), close: () => void database.close() };
}

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'node-')), 'node.db');
}

describe('the queue of events in node.db', () => {
  test('is there after a restart, in order, and ids are never given twice', () => {
    const path = newPath();
    const first = open(path);
    expect(first.queue.append(appending([newEvent(1), newEvent(2)]))).toBe(0);
    first.queue.append(appending([newEvent(3)]));
    expect(first.queue.deleteThrough('run-1', 3)).toBe(3);
    first.queue.append(appending([newEvent(4)]));
    first.close();
    const second = open(path);
    expect(second.queue.depth).toBe(1);
    expect(second.queue.firstBatch()).toEqual({
      run_id: 'run-1',
      events: [auditEvent(4, { id: 4 })],
    });
    second.close();
  });

  test('a batch is of one run, and within its bounds', () => {
    const { queue, close } = open(newPath());
    const many = limits.audit_batch_events_max + 10;
    queue.append(appending(Array.from({ length: many }, (_, at) => newEvent(at + 1))));
    expect(queue.firstBatch()?.events).toHaveLength(limits.audit_batch_events_max);
    queue.deleteThrough('run-1', limits.audit_batch_events_max);
    queue.append(appending([newEvent(1)], 'run-2'));
    expect(queue.oldestRun()).toBe('run-1');
    expect(queue.firstBatch()?.events).toHaveLength(10);
    queue.deleteThrough('run-1', many);
    expect(queue.firstBatch()).toMatchObject({ run_id: 'run-2', events: [{ id: many + 1 }] });

    queue.deleteThrough('run-2', many + 1);
    const payload = JSON.stringify({ text: 'x'.repeat(limits.node_event_bytes_max - 20) });
    queue.append(appending(Array.from({ length: 100 }, (_, at) => newEvent(at, { payload }))));
    const bytes = queue
      .firstBatch()
      ?.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
    expect(bytes).toBeLessThanOrEqual(limits.audit_batch_bytes_max);
    expect(bytes).toBeGreaterThan(limits.audit_batch_bytes_max / 2);
    close();
  });

  test('the newest come first, before an id', () => {
    const { queue, close } = open(newPath());
    queue.append(appending([1, 2, 3, 4].map((number) => newEvent(number))));
    expect(queue.newest(null, 2).map(({ id }) => id)).toEqual([4, 3]);
    expect(queue.newest(3, 9).map(({ id }) => id)).toEqual([2, 1]);
    close();
  });

  test('beyond its bound events are counted only, and one says so when there is room again', () => {
    const path = newPath();
    const BYTES_MAX = 10_000;
    const first = open(path, BYTES_MAX);
    let kept = 0;
    while (first.queue.append(appending([newEvent(kept + 1)])) === 0) kept += 1;
    expect(kept).toBeGreaterThan(10);
    expect(first.queue.append(appending([newEvent(0, { count: 5 })]))).toBe(5);
    const refused = newEvent(0, { component: 'requests', action: 'request.refused', count: 2 });
    expect(first.queue.append(appending([refused]))).toBe(2);
    expect(first.queue.depth).toBe(kept);
    first.close();

    // What was lost is known after a restart too.
    const { queue, close } = open(path, BYTES_MAX);
    expect(queue.has_lost).toBe(true);
    expect(queue.depth).toBe(kept);
    // A little room is not enough, or there would be a gap after every other event.
    queue.deleteThrough('run-1', 1);
    expect(queue.append(appending([newEvent(1)]))).toBe(1);
    queue.deleteThrough('run-1', kept - 1);
    expect(queue.append(appending([newEvent(9)]))).toBe(0);
    expect(queue.has_lost).toBe(false);
    const [gap, event] = queue.newest(null, 2).toReversed();
    expect(gap).toMatchObject({ action: 'audit.gap', count: 9 });
    expect(JSON.parse(gap?.payload ?? '')).toEqual({
      'raft.election_won': 7,
      'request.refused': 2,
    });
    expect(event).toMatchObject({ request_id: 'run-1.9' });
    close();
  });

  test('what was lost before it came is told in the same way', () => {
    const { queue, close } = open(newPath());
    const lost = {
      component: 'raft',
      action: 'raft.election_won',
      count: 3,
      since: 1,
      until: 2,
    } as const;
    queue.append({ ...appending([]), lost: [lost, lost] });
    expect(queue.firstBatch()?.events).toMatchObject([{ action: 'audit.gap', count: 6 }]);
    close();
  });

  test('its file stays within sixty-four mebibytes and a little', () => {
    expect(limits.audit_queue_bytes_max).toBe(64 * 1024 * 1024);
    const path = newPath();
    const { queue, close } = open(path, 1024 * 1024);
    const events = Array.from({ length: 500 }, (_, at) => newEvent(at));
    while (!queue.has_lost) queue.append(appending(events));
    const depth = queue.depth;
    close();
    const database = openDatabase({ path, synchronous: 'normal' });
    const pages = database.pragma('page_count', { simple: true }) as number;
    const page_bytes = database.pragma('page_size', { simple: true }) as number;
    database.close();
    expect(depth).toBeGreaterThan(3_000);
    expect(pages * page_bytes).toBeLessThan(1024 * 1024 * 1.1);
  });
});
