import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { decodeCommand, encodeCommand } from '../../src/replica/command-codec.ts';
import { applyAll, dumpTables, MIDNIGHT, TestLog, withMachine } from '../support/agenda-fixture.ts';
import { appendBody, auditEvent, auditRows } from '../support/audit-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('audit-append');
afterAll(directory.remove);

function rowsAfter(log: TestLog): ReturnType<typeof auditRows> {
  const path = newPath();
  withMachine(path, ({ machine }) => applyAll(machine, log.entries));
  return auditRows(path);
}

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

describe('events of replicas come into the audit', () => {
  test('as they were told, under the replica that told them', () => {
    const log = new TestLog();
    const event = auditEvent(7, {
      at: MIDNIGHT - 1_000,
      component: 'users',
      action: 'user.log_in',
      actor_key: 4096,
      request_id: 'a-request',
      payload: '{}',
      count: 3,
    });
    log.command(appendBody([], { events: [event] }), { at: MIDNIGHT, request_id: 'the batch' });
    expect(rowsAfter(log)).toEqual([
      {
        key: 4096,
        component: 'users',
        action: 'user.log_in',
        actor_key: 4096,
        object_key: null,
        request_id: 'a-request',
        origin_node: 'agenda-2',
        occurred_at: MIDNIGHT - 1_000,
        level: 'info',
        payload: '{}',
        payload_hash: null,
        count: 3,
        chain: expect.any(String),
      },
    ]);
  });

  test('a clock that is ahead puts nothing into the future', () => {
    const log = new TestLog();
    log.command(appendBody([], { events: [auditEvent(1, { at: MIDNIGHT + 9_000 })] }), {
      at: MIDNIGHT,
    });
    expect(rowsAfter(log)[0]?.occurred_at).toBe(MIDNIGHT);
  });

  test('each once, however often and however cut a batch is sent', () => {
    const log = new TestLog();
    for (const ids of [[1, 2], [1, 2], [2, 3, 5], [1], [3, 5, 6]]) log.command(appendBody(ids));
    expect(rowsAfter(log).map(({ request_id }) => request_id)).toEqual(
      [1, 2, 3, 5, 6].map((id) => `run-1.${id}`),
    );
  });

  test('a batch that brings nothing new changes nothing', () => {
    const log = new TestLog();
    log.command(appendBody([1, 2]));
    log.command(appendBody([1, 2]));
    const path = newPath();
    withMachine(path, ({ machine }) => {
      applyAll(machine, log.entries.slice(0, 1));
      const before = dumpTables(path);
      applyAll(machine, log.entries);
      const { raft_meta: _one, ...after } = dumpTables(path);
      const { raft_meta: _other, ...same } = before;
      expect(after).toEqual(same);
    });
  });

  test('runs and replicas are told apart', () => {
    const log = new TestLog();
    log.command(appendBody([1, 2]));
    log.command(appendBody([1], { run_id: 'run-2' }));
    log.command(appendBody([1], { node_id: 'agenda-3' }));
    log.command(appendBody([2, 3]));
    expect(rowsAfter(log)).toHaveLength(5);
  });

  test('of too many runs the one that was silent longest is forgotten', () => {
    const log = new TestLog();
    log.command(appendBody([1], { run_id: 'silent' }));
    for (let run = 1; run < limits.audit_sources_max; run += 1) {
      log.command(appendBody([1], { run_id: `run-${run}` }));
    }
    log.command(appendBody([2], { run_id: 'run-1' }));
    log.command(appendBody([1], { run_id: 'one more' }));
    const path = newPath();
    withMachine(path, ({ machine }) => applyAll(machine, log.entries));
    const sources = dumpTables(path)['audit_sources'] as { run_id: string }[];
    expect(sources).toHaveLength(limits.audit_sources_max);
    expect(sources.map(({ run_id }) => run_id)).toContain('run-1');
    expect(sources.map(({ run_id }) => run_id)).not.toContain('silent');
  });

  test('the largest batch there may be fits a command', () => {
    const payload = JSON.stringify({ text: '"'.repeat(limits.node_event_bytes_max / 2 - 20) });
    const events = Array.from({ length: 24 }, (_, at) => auditEvent(at + 1, { payload }));
    const bytes = events.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
    expect(bytes).toBeGreaterThan(limits.audit_batch_bytes_max);
    const command = {
      version: 1,
      at: MIDNIGHT,
      by: null,
      token_version: null,
      origin_node: 'agenda-1',
      request_id: 'batch',
      remember: null,
      body: appendBody([], { events }),
    } as const;
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });
});
