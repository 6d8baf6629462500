import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import { limits } from '../../../src/limits.ts';
import {
  acknowledge,
  configurationOf,
  confirm,
  HEARTBEAT_TICKS,
  lead,
  n2,
  n3,
  only,
  pick,
  sent,
  TestCore,
  votersUpTo,
} from '../../support/raft-fixture.ts';

describe('bounded memory', () => {
  /** n2 refuses the probe on its way: its log is shorter. */
  function saysItEndsAt(core: TestCore, last_index: number): void {
    core.hear(n2, {
      kind: 'append_response',
      term: core.state.term,
      append_id: core.state.leading?.progress.get(memberKey(n2))?.append_in_flight ?? 0,
      success: false,
      match_index: 0,
      conflict: { term: 0, index: last_index + 1 },
    });
  }

  test('what was applied leaves memory, and is read from the store for who lacks it', () => {
    const configuration = configurationOf({ voters: [1], learners: [2] });
    const core = new TestCore({ configuration });
    lead(core);
    core.persist();
    const text = 'x'.repeat(limits.command_bytes_max);
    for (let batch = 0; batch < 10; batch += 1) {
      core.propose(...Array.from({ length: 8 }, () => text));
      core.persist();
      core.feed({ kind: 'applied', index: core.state.apply_through });
      expect(core.state.log.tail_bytes).toBeLessThanOrEqual(limits.log_tail_bytes_max);
    }
    expect(core.state.commit_index).toBe(82);
    expect(core.state.log.tail[0]?.index).toBeGreaterThan(2);

    const effect = only(pick(acknowledge(core, n2, 1), 'send_from_store'));
    expect(effect).toMatchObject({ to: n2, through_index: 82 });
    expect(effect.message).toMatchObject({ previous: { index: 1, term: 1 }, entries: [] });
    // The store gave as much as it liked; the rest is asked for again, the end of it from memory.
    const next = only(pick(acknowledge(core, n2, 3), 'send_from_store'));
    expect(next.message.previous.index).toBe(3);
    const last = only(pick(acknowledge(core, n2, 81), 'send'));
    expect(last.message).toMatchObject({ entries: [{ index: 82 }] });
  });

  test('after a restart all that was on disk comes from the store', () => {
    const core = new TestCore({ terms: [1, 1, 1, 1], commit_index: 4, applied_index: 4 });
    lead(core);
    core.persist();
    saysItEndsAt(core, 2);
    const effects = acknowledge(core, n2, 2);
    expect(only(pick(effects, 'send_from_store'))).toMatchObject({
      through_index: 5,
      message: { previous: { index: 2, term: 1 } },
    });
    expect(only(pick(acknowledge(core, n2, 4), 'send')).message).toMatchObject({
      entries: [{ index: 5, kind: 'no_op' }],
    });
  });

  test('what could not be read or sent is asked for again', () => {
    const core = new TestCore({ terms: [1, 1, 1, 1] });
    lead(core);
    core.persist();
    saysItEndsAt(core, 2);
    const { message } = only(pick(acknowledge(core, n2, 2), 'send_from_store'));
    core.fail(n2, message);
    const probe = only(sent(confirm(core, n2, 1), 'append', n2));
    expect(probe.previous.index).toBe(2);
    expect(pick(acknowledge(core, n2, 2), 'send_from_store')).toHaveLength(1);
  });

  test('too many entries that are not committed: overloaded, until they are', () => {
    const core = new TestCore({ configuration: votersUpTo(3) });
    lead(core);
    core.persist();
    const texts = Array.from({ length: limits.uncommitted_entries_max + 5 }, () => '');
    const effects = core.propose(...texts);
    const accepted = pick(effects, 'proposal_accepted').length;
    expect(core.state.log.last_index - core.state.commit_index).toBe(
      limits.uncommitted_entries_max,
    );
    const refused = pick(effects, 'proposal_refused');
    expect(refused.length).toBe(texts.length - accepted);
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['overloaded']));
    core.persist();
    acknowledge(core, n2, 100);
    const more = core.propose(...texts);
    expect(pick(more, 'proposal_accepted')).toHaveLength(100);
  });

  test('too many bytes that are not committed: overloaded, and every byte is given back', () => {
    const core = new TestCore({ configuration: votersUpTo(3) });
    lead(core);
    core.persist();
    acknowledge(core, n2, 2);
    expect(core.state.leading?.uncommitted_bytes).toBe(0);
    const text = 'x'.repeat(limits.command_bytes_max);
    const fill = (): number =>
      pick(core.propose(...Array.from({ length: 64 }, () => text)), 'proposal_accepted').length;
    const accepted = fill();
    expect(accepted).toBeGreaterThan(1);
    expect(accepted).toBeLessThan(64);
    expect(core.state.leading?.uncommitted_bytes).toBeLessThan(
      limits.uncommitted_bytes_max + 3 * limits.command_bytes_max,
    );
    expect(fill()).toBe(0);
    core.persist();
    acknowledge(core, n2, core.state.log.last_index);
    expect(core.state.leading?.uncommitted_bytes).toBe(0);
    expect(fill()).toBe(accepted);
  });

  test('too many reads that wait are told so', () => {
    const core = new TestCore();
    lead(core);
    for (let read = 0; read < limits.pending_reads_max; read += 1) core.read();
    expect(only(pick(core.read(), 'read_ready')).index).toBeNull();
  });

  test('a peer that hangs gets no pile of heartbeats', () => {
    const core = new TestCore({ configuration: votersUpTo(3) });
    const effects = [...lead(core)];
    core.persist();
    for (let tick = 0; tick < 30; tick += 1) {
      effects.push(...core.tick());
      confirm(core, n3, 1);
    }
    expect(core.state.role).toBe('leader');
    expect(sent(effects, 'heartbeat', n2).length).toBeLessThanOrEqual(4);
    expect(sent(effects, 'heartbeat', n3).length).toBeGreaterThan(10);
    core.fail(n2, must(sent(effects, 'heartbeat', n2)[0], 'a heartbeat'));
    expect(sent(core.tick(HEARTBEAT_TICKS), 'heartbeat', n2)).toHaveLength(1);
  });
});
