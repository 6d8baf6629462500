import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import type { NewAuditEvent, NodeEvent } from '../../src/agenda/node-event.ts';
import type { Batch } from '../../src/audit/batch.ts';
import type { Delivery } from '../../src/audit/ports.ts';
import { AuditWorker } from '../../src/audit/worker.ts';
import { limits } from '../../src/limits.ts';
import { NodeDatabase } from '../../src/storage/node-database.ts';
import { auditEvent } from '../support/audit-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const directory = temporaryDirectory('audit-worker');
afterAll(directory.remove);

/** What a leader does with a batch. */
type Leader = (batch: Batch) => Delivery | Promise<Delivery>;

/** A replica's worker over a real node.db, in virtual time, and the log it delivers to. */
class Site {
  readonly clock = new VirtualClock();
  readonly path = join(mkdtempSync(join(directory.path, 'node-')), 'node.db');
  /** The events in the log; apply takes each once. */
  readonly log: {
    run_id: string;
    id: number;
    action: string;
    request_id: string;
    count: number;
  }[] = [];
  readonly deliveries: { at_ms: number; events: number }[] = [];
  readonly counted = { appended: 0, folded: 0, lost: 0, depth: 0 };
  readonly failures: unknown[] = [];
  leader: Leader = (batch) => this.append(batch);
  database = new NodeDatabase(this.path);
  noted: NewAuditEvent[] = [];
  #life = this.clock.forProcess();
  #runs = 0;
  worker = this.#open();

  /** As the state machine: what is known of a run is not taken again. */
  append({ run_id, events }: Batch): Delivery {
    for (const { id, action, request_id, count } of events) {
      if (id > this.appliedThrough(run_id))
        this.log.push({ run_id, id, action, request_id, count });
    }
    return 'appended';
  }

  appliedThrough(run_id: string): number {
    return this.log.findLast((one) => one.run_id === run_id)?.id ?? 0;
  }

  #open(): AuditWorker {
    this.#runs += 1;
    const worker = new AuditWorker({
      queue: this.database.audit_queue,
      takeOver: (take) => {
        const noted = this.noted;
        if (noted.length > 0) take(noted);
        this.noted = [];
      },
      clock: this.#life.clock,
      now_ms: () => 1_000_000 + this.clock.now_ms(),
      run_id: `run-${this.#runs}`,
      appliedThrough: (run_id) => this.appliedThrough(run_id),
      deliver: async (batch) => {
        this.deliveries.push({ at_ms: this.clock.now_ms(), events: batch.events.length });
        return this.leader(batch);
      },
      observer: {
        queued: (depth) => void (this.counted.depth = depth),
        appended: (events) => void (this.counted.appended += events),
        folded: (events) => void (this.counted.folded += events),
        lost: (events) => void (this.counted.lost += events),
      },
      onFailed: (error) => void this.failures.push(error),
    });
    worker.start();
    return worker;
  }

  /** Kills the process and starts it again; node.db is as it was left. */
  restart(): void {
    this.#life.die();
    this.database.close();
    this.#life = this.clock.forProcess();
    this.database = new NodeDatabase(this.path);
    this.worker = this.#open();
  }

  record(number: number, changes: Partial<NodeEvent> = {}): void {
    this.worker.record({
      action: 'raft.election_won',
      actor_key: null,
      request_id: `event-${number}`,
      facts: { term: number },
      ...changes,
    });
  }

  get requests(): string[] {
    return this.log.map(({ request_id }) => request_id);
  }
}

const sites: Site[] = [];
afterEach(() => {
  for (const site of sites.splice(0)) site.database.close();
});

function newSite(): Site {
  const site = new Site();
  sites.push(site);
  return site;
}

describe('the audit worker', () => {
  test('brings what was recorded to the log within a second or two, in order', async () => {
    const site = newSite();
    for (const number of [1, 2, 3]) site.record(number);
    expect(site.log).toEqual([]);
    await site.clock.advance(limits.audit_interval_ms);
    expect(site.requests).toEqual(['event-1', 'event-2', 'event-3']);
    await site.clock.advance(limits.audit_interval_ms);
    expect(site.counted).toEqual({ appended: 3, folded: 0, lost: 0, depth: 0 });
  });

  test('with nothing to tell it sends nothing', async () => {
    const site = newSite();
    site.record(1);
    await site.clock.advance(10 * limits.audit_interval_ms);
    expect(site.deliveries).toHaveLength(1);
  });

  test('sends at most once a second, and at most a batch', async () => {
    const site = newSite();
    const many = limits.audit_batch_events_max + 100;
    for (let number = 0; number < many; number += 1) site.record(number);
    await site.clock.advance(limits.audit_interval_ms);
    site.record(many);
    await site.clock.advance(3 * limits.audit_interval_ms);
    expect(site.deliveries.map(({ events }) => events)).toEqual([256, 101]);
    const [first, second] = site.deliveries;
    expect((second?.at_ms ?? 0) - (first?.at_ms ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(site.log).toHaveLength(many + 1);
  });

  test('equal events are one row with a count', async () => {
    const site = newSite();
    for (const request_id of ['a', 'b', 'c']) {
      site.worker.record({ action: 'request.refused', actor_key: null, request_id, facts: {} });
    }
    await site.clock.advance(limits.audit_interval_ms);
    expect(site.log).toMatchObject([{ action: 'request.refused', request_id: 'a', count: 3 }]);
    expect(site.counted.folded).toBe(2);
  });

  test('while nobody leads everything is kept; then it comes, once each', async () => {
    const site = newSite();
    site.leader = () => 'failed';
    for (let number = 0; number < 600; number += 1) {
      site.record(number);
      await site.clock.advance(100);
    }
    expect(site.log).toEqual([]);
    expect(site.database.audit_queue.depth).toBeGreaterThan(580);
    // It asks less and less often.
    expect(site.deliveries.length).toBeLessThan(15);
    site.leader = (batch) => site.append(batch);
    await site.clock.advance(limits.audit_retry_ms_max + 5 * limits.audit_interval_ms);
    expect(site.requests).toEqual(Array.from({ length: 600 }, (_, number) => `event-${number}`));
  });

  test('an outcome that is not known is no second row, however it was', async () => {
    const site = newSite();
    let attempts = 0;
    site.leader = (batch) => {
      attempts += 1;
      // It was applied, and the answer was lost; or it was not.
      if (attempts % 2 === 1) site.append(batch);
      return 'failed';
    };
    for (let number = 0; number < 20; number += 1) {
      site.record(number);
      await site.clock.advance(700);
    }
    site.leader = (batch) => site.append(batch);
    await site.clock.advance(limits.audit_retry_ms_max + 5 * limits.audit_interval_ms);
    expect(site.requests).toEqual(Array.from({ length: 20 }, (_, number) => `event-${number}`));
    expect(site.database.audit_queue.depth).toBe(0);
  });

  test('a killed process loses what was not a second old; the next run goes on with the rest', async () => {
    const site = newSite();
    site.leader = () => 'failed';
    site.record(1);
    site.record(2);
    await site.clock.advance(limits.audit_interval_ms);
    site.record(3);
    site.restart();
    site.record(4);
    site.leader = (batch) => site.append(batch);
    await site.clock.advance(5 * limits.audit_interval_ms);
    expect(site.requests).toEqual(['event-1', 'event-2', 'event-4']);
    expect(site.log.map(({ run_id }) => run_id)).toEqual(['run-1', 'run-1', 'run-2']);
  });

  test('one that a power cut brought back to node.db is not appended again', async () => {
    const site = newSite();
    site.record(1);
    await site.clock.advance(limits.audit_interval_ms);
    expect(site.requests).toEqual(['event-1']);
    // The row is still in node.db: that it was deleted did not come to the disk.
    site.restart();
    site.record(2);
    await site.clock.advance(3 * limits.audit_interval_ms);
    expect(site.requests).toEqual(['event-1', 'event-2']);
  });

  test('a batch that is never taken is given up, and a gap says so', async () => {
    const site = newSite();
    site.leader = (batch) =>
      batch.events.some(({ request_id }) => request_id === 'event-1')
        ? 'refused'
        : site.append(batch);
    site.record(1);
    await site.clock.advance(limits.audit_interval_ms);
    site.record(2);
    await site.clock.advance(4 * limits.audit_interval_ms);
    expect(site.log.map(({ action, count }) => [action, count])).toEqual([
      ['audit.gap', 1],
      ['raft.election_won', 1],
    ]);
    expect(site.counted.lost).toBe(1);
  });

  test('more than memory holds is counted, and a gap says how many of what', async () => {
    const site = newSite();
    const many = limits.audit_events_in_memory_max + 7;
    for (let number = 0; number < many; number += 1) site.record(number);
    await site.clock.advance(10 * limits.audit_interval_ms);
    expect(site.log).toHaveLength(limits.audit_events_in_memory_max + 1);
    expect(site.log.find(({ action }) => action === 'audit.gap')?.count).toBe(7);
    expect(site.counted.lost).toBe(7);
  });

  test('what node.db cannot take is counted, and nothing throws', async () => {
    const site = newSite();
    const { audit_queue } = site.database;
    const append = audit_queue.append.bind(audit_queue);
    audit_queue.append = () => {
      throw new Error('database or disk is full');
    };
    site.record(1);
    await site.clock.advance(2 * limits.audit_interval_ms);
    expect(site.failures.length).toBeGreaterThan(0);
    audit_queue.append = append;
    site.record(2);
    await site.clock.advance(4 * limits.audit_interval_ms);
    expect(site.log.map(({ action, count }) => [action, count])).toEqual([
      ['audit.gap', 1],
      ['raft.election_won', 1],
    ]);
  });

  test('what was noted while it did not run is taken over', async () => {
    const site = newSite();
    const { id: _id, ...noted } = auditEvent(1, { action: 'replica.state_rebuilt' });
    site.noted.push(noted);
    await site.clock.advance(2 * limits.audit_interval_ms);
    expect(site.log).toMatchObject([{ action: 'replica.state_rebuilt', count: 1 }]);
  });

  test('what waits can be read, newest first, and not what the state has', async () => {
    const site = newSite();
    site.record(1);
    await site.clock.advance(limits.audit_interval_ms);
    site.leader = () => 'failed';
    site.record(2);
    await site.clock.advance(limits.audit_interval_ms);
    site.record(3);
    const { events, next_before_id } = site.worker.waiting(null, 10);
    expect(events.map(({ request_id }) => request_id)).toEqual(['event-3', 'event-2']);
    expect(next_before_id).toBeNull();
    const first = site.worker.waiting(null, 1);
    expect(first.events).toHaveLength(1);
    expect(site.worker.waiting(first.next_before_id, 10).events).toHaveLength(1);
  });

  test('when it stops, the last of it goes to the log, or stays in node.db', async () => {
    const site = newSite();
    site.record(1);
    const stopped = site.worker.stop();
    await site.clock.advance(1);
    await stopped;
    expect(site.requests).toEqual(['event-1']);
    site.restart();
    site.leader = () => new Promise(() => undefined);
    site.record(2);
    const stopping = site.worker.stop();
    await site.clock.advance(limits.audit_last_call_ms);
    await stopping;
    site.record(3);
    site.worker.keep();
    expect(site.database.audit_queue.depth).toBe(2);
  });
});
