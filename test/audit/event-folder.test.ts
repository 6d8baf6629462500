import { describe, expect, test } from '@jest/globals';
import { node_actions } from '../../src/agenda/node-event.ts';
import type { NodeEvent } from '../../src/agenda/node-event.ts';
import { EventFolder } from '../../src/audit/event-folder.ts';
import { limits } from '../../src/limits.ts';

function refusal(request_id: string | null, facts: NodeEvent['facts'] = {}): NodeEvent {
  return { action: 'request.refused', actor_key: null, request_id, facts };
}

const parsed = (payload: string | undefined): unknown => JSON.parse(payload ?? '');

describe('events before they are handed on', () => {
  test('one that is alone is handed on as it is', () => {
    const folder = new EventFolder({ run_id: 'run' });
    expect(folder.add(refusal('a', { code: 'forbidden' }), 5, 0)).toBe('held');
    expect(folder.take(0)).toEqual([
      {
        at: 5,
        action: 'request.refused',
        ...node_actions['request.refused'],
        actor_key: null,
        request_id: 'a',
        payload: '{"code":"forbidden"}',
        count: 1,
      },
    ]);
    expect(folder.take(1_000)).toEqual([]);
  });

  test('equal ones are one, with a count, the first time, and the requests they came from', () => {
    const folder = new EventFolder({ run_id: 'run' });
    expect(folder.add(refusal('a'), 5, 0)).toBe('held');
    expect(folder.add(refusal('b'), 6, 0)).toBe('folded');
    expect(folder.add(refusal('b'), 7, 0)).toBe('folded');
    const [event, ...more] = folder.take(0);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ at: 5, request_id: 'a', count: 3 });
    expect(parsed(event?.payload)).toEqual({ request_ids: ['a', 'b'] });
  });

  test('of a thousand requests the first few are named', () => {
    const folder = new EventFolder({ run_id: 'run' });
    for (let at = 0; at < 1_000; at += 1) folder.add(refusal(`request-${at}`), at, 0);
    const [event] = folder.take(0);
    expect(event?.count).toBe(1_000);
    const { request_ids } = parsed(event?.payload) as { request_ids: string[] };
    expect(request_ids).toHaveLength(limits.audit_folded_request_ids_max);
  });

  test('another actor, action or fact is another event', () => {
    const folder = new EventFolder({ run_id: 'run' });
    folder.add(refusal('a'), 1, 0);
    folder.add({ ...refusal('a'), actor_key: 4096 }, 1, 0);
    folder.add({ ...refusal('a'), action: 'user.log_in_failed' }, 1, 0);
    folder.add(refusal('a', { code: 'forbidden' }), 1, 0);
    expect(folder.take(0).map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  });

  test('one that happened in no request is named after the run of the process', () => {
    const folder = new EventFolder({ run_id: 'run' });
    folder.add(refusal(null, { term: 1 }), 1, 0);
    folder.add(refusal(null, { term: 2 }), 1, 0);
    folder.add(refusal(null, { term: 2 }), 1, 0);
    const events = folder.take(0);
    expect(events.map(({ request_id }) => request_id)).toEqual(['run.1', 'run.2']);
    expect(parsed(events[1]?.payload)).toEqual({ term: 2 });
  });

  test('what goes on and on is a row a minute in the end; none of it is lost', () => {
    const folder = new EventFolder({ run_id: 'run' });
    const taken: number[] = [];
    let count = 0;
    const HOUR_S = 3_600;
    for (let second = 0; second < HOUR_S; second += 1) {
      for (let of_second = 0; of_second < 10; of_second += 1) {
        folder.add(refusal(`${second}`), second, second * 1_000);
      }
      for (const event of folder.take(second * 1_000)) {
        taken.push(second);
        count += event.count;
      }
    }
    count += folder.take(0, true).reduce((sum, event) => sum + event.count, 0);
    expect(count).toBe(10 * HOUR_S);
    // At first each second, so that a person's few mistakes are told apart.
    expect(taken.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(taken.length).toBeLessThan(80);
    const last_pause_s = (taken.at(-1) ?? 0) - (taken.at(-2) ?? 0);
    expect(last_pause_s * 1_000).toBe(limits.audit_fold_ms_max);
  });

  test('after a silence it is handed on at once again', () => {
    const folder = new EventFolder({ run_id: 'run' });
    let now_ms = 0;
    for (let second = 0; second < 200; second += 1) {
      now_ms += 1_000;
      folder.add(refusal('a'), 1, now_ms);
      folder.take(now_ms);
    }
    folder.take(now_ms, true);
    now_ms += 3 * limits.audit_fold_ms_max;
    folder.add(refusal('a'), 1, now_ms);
    expect(folder.take(now_ms)).toHaveLength(1);
  });

  test('too many different ones are lost, and equal ones still count', () => {
    const folder = new EventFolder({ run_id: 'run' });
    for (let at = 0; at < limits.audit_events_in_memory_max; at += 1) {
      expect(folder.add(refusal('a', { at }), 1, 0)).toBe('held');
    }
    expect(folder.add(refusal('a', { at: -1 }), 1, 0)).toBe('lost');
    expect(folder.add(refusal('a', { at: 0 }), 1, 0)).toBe('folded');
    expect(folder.take(0)).toHaveLength(limits.audit_flush_events_max);
    const rest = limits.audit_events_in_memory_max - limits.audit_flush_events_max;
    expect(folder.take(0, true)).toHaveLength(rest);
  });

  test('facts that are too large are not kept, the event is', () => {
    const folder = new EventFolder({ run_id: 'run' });
    folder.add(refusal('a', { text: 'x'.repeat(limits.node_event_bytes_max) }), 1, 0);
    expect(folder.take(0)).toMatchObject([{ payload: '{"too_large":true}' }]);
  });
});
