import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../src/agenda/command.ts';
import { receiveBatch } from '../../src/audit/batch.ts';
import { limits } from '../../src/limits.ts';
import type { ProposeResult } from '../../src/replica/replica.ts';
import { auditEvent } from '../support/audit-fixture.ts';

const done: ProposeResult = {
  kind: 'applied',
  index: 7,
  outcome: { kind: 'done', answer: { kind: 'audit', key: 1, version: 1 }, replayed: false },
};

async function received(value: unknown, result = done) {
  const proposed: Command[] = [];
  const replica = {
    propose(command: Command): Promise<ProposeResult> {
      proposed.push(command);
      return Promise.resolve(result);
    },
  };
  const answer = await receiveBatch({ replica, now_ms: () => 5 }, 'agenda-2', value);
  return { answer, proposed };
}

describe('a batch of events from another replica', () => {
  test('is proposed in the name of the replica that signed it, and of nobody else', async () => {
    const events = [auditEvent(3), auditEvent(5)];
    const { answer, proposed } = await received({ run_id: 'run-1', events });
    expect(answer).toEqual({ kind: 'appended', index: 7 });
    expect(proposed).toEqual([
      {
        version: 1,
        at: 5,
        by: null,
        token_version: null,
        origin_node: 'agenda-2',
        request_id: 'run-1.batch',
        remember: null,
        body: { kind: 'audit.append', node_id: 'agenda-2', run_id: 'run-1', events },
      },
    ]);
  });

  test('of a newer program may have events that are not known here', async () => {
    const events = [auditEvent(1, { action: 'replica.did_something_new' })];
    expect((await received({ run_id: 'run-1', events })).answer.kind).toBe('appended');
  });

  test.each([
    ['none at all', null],
    ['no events', { run_id: 'run-1', events: [] }],
    [
      'too many',
      {
        run_id: 'run-1',
        events: Array.from({ length: limits.audit_batch_events_max + 1 }, (_, at) =>
          auditEvent(at + 1),
        ),
      },
    ],
    ['another source', { run_id: 'run-1', node_id: 'agenda-9', events: [auditEvent(1)] }],
    ['ids that do not ascend', { run_id: 'run-1', events: [auditEvent(2), auditEvent(2)] }],
    ['a run that is none', { run_id: 'run 1', events: [auditEvent(1)] }],
    ['an odd action', { run_id: 'r', events: [auditEvent(1, { action: 'DROP TABLE' })] }],
    ['an odd request id', { run_id: 'r', events: [auditEvent(1, { request_id: 'a b' })] }],
    ['a payload that is no object', { run_id: 'r', events: [auditEvent(1, { payload: '[1]' })] }],
    [
      'a payload that is too large',
      {
        run_id: 'r',
        events: [
          auditEvent(1, {
            payload: JSON.stringify({ text: 'x'.repeat(limits.node_event_bytes_max) }),
          }),
        ],
      },
    ],
    ['a count of nothing', { run_id: 'r', events: [auditEvent(1, { count: 0 })] }],
    ['one field more', { run_id: 'r', events: [{ ...auditEvent(1), key: 4096 }] }],
  ])('with %s is refused, and nothing proposed', async (_what, value) => {
    const { answer, proposed } = await received(value);
    expect(answer.kind).toBe('refused');
    expect(proposed).toEqual([]);
  });

  test('is to be sent again unless it is known to be applied', async () => {
    const batch = { run_id: 'run-1', events: [auditEvent(1)] };
    for (const result of [
      { kind: 'unknown' },
      { kind: 'not_proposed', reason: 'not_leader' },
      { kind: 'not_proposed', reason: 'overloaded' },
    ] as const) {
      expect((await received(batch, result)).answer).toEqual({ kind: 'failed' });
    }
    const outcome = { kind: 'refused', refusal: { code: 'internal_error', detail: 'A defect.' } };
    const refused = { kind: 'applied', index: 7, outcome } as ProposeResult;
    expect((await received(batch, refused)).answer).toEqual({
      kind: 'refused',
      detail: 'A defect.',
    });
  });
});
