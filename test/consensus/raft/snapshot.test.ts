import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import type { LogBase } from '../../../src/consensus/raft/log-base.ts';
import type { InstallSnapshotRequest } from '../../../src/consensus/raft/message.ts';
import { termAt } from '../../../src/consensus/raft/log.ts';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import {
  acknowledge,
  append,
  commandsFrom,
  establishedLeader,
  follow,
  HEARTBEAT_TICKS,
  n2,
  n3,
  pick,
  sent,
  TestCore,
  votersUpTo,
  written,
} from '../../support/raft-fixture.ts';

function baseAt(index: number, term: number): LogBase {
  return { index, term, configuration: { index: 1, configuration: votersUpTo(3) } };
}

function chunk(term: number, base: LogBase): InstallSnapshotRequest {
  return {
    kind: 'install_snapshot',
    term,
    manifest: {
      snapshot_id: 'one',
      base,
      digest: '',
      schema_version: 1,
      state_bytes: 100,
      bytes: 50,
      sha256: '',
    },
    offset: 0,
    chunk: new Uint8Array(0),
    checksum: 0,
  };
}

function ask(core: TestCore, message: InstallSnapshotRequest): readonly Effect[] {
  return core.feed({ kind: 'request', from: n2, token: core.token(), message });
}

function progressOf(effects: readonly Effect[]): string | null {
  const [reply] = pick(effects, 'reply_after_persist');
  return reply?.message.kind === 'install_snapshot_response' ? reply.message.progress : null;
}

describe('receiving InstallSnapshot (Figure 13)', () => {
  test('scenario 17: "reply immediately if term < currentTerm"', () => {
    const core = new TestCore({ terms: [1, 1], term: 5 });
    const effects = ask(core, chunk(4, baseAt(10, 3)));
    expect(progressOf(effects)).toBe('refused');
    expect(pick(effects, 'receive_snapshot')).toEqual([]);
  });

  test('scenario 17: a chunk is a sign of the leader, and its term is adopted before anything is said', () => {
    const core = new TestCore({ terms: [1, 1], term: 2 });
    core.tick(5);
    const effects = ask(core, chunk(4, baseAt(10, 3)));
    expect(core.state.leader).toEqual(n2);
    expect(core.state.term).toBe(4);
    expect(core.state.election_elapsed).toBe(0);
    expect(written(effects)?.hard_state?.term).toBe(4);
    expect(pick(effects, 'receive_snapshot')).toHaveLength(1);
  });

  test('scenario 17: what is committed here already needs no snapshot', () => {
    const core = new TestCore({ terms: [1, 1, 1], commit_index: 3, applied_index: 2 });
    expect(progressOf(ask(core, chunk(1, baseAt(3, 1))))).toBe('installed');
  });
});

describe('installing', () => {
  test('scenario 17: "retain log entries following it" when the entry at its index has its term', () => {
    const core = new TestCore({ terms: [1, 1, 1, 2, 2, 2], commit_index: 2, applied_index: 2 });
    const effects = core.feed({ kind: 'snapshot_installed', base: baseAt(4, 2) });
    const write = must(written(effects), 'a write');
    expect(write.base?.index).toBe(4);
    expect(write.truncate_from).toBeNull();
    const { log, commit_index, applied_index } = core.state;
    expect([log.before_first.index, log.last_index]).toEqual([4, 6]);
    expect([commit_index, applied_index]).toEqual([4, 4]);
  });

  test.each([
    ['another term', [1, 1, 1, 1, 1, 1], 3],
    ['no entry', [1, 1, 1], 3],
  ])('scenario 17: "discard the entire log" when there is %s there', (_, terms, truncate_from) => {
    const core = new TestCore({ terms, term: 2, commit_index: 2, applied_index: 2 });
    const effects = core.feed({ kind: 'snapshot_installed', base: baseAt(5, 2) });
    const write = must(written(effects), 'a write');
    expect(write).toMatchObject({ truncate_from, commit_index: 5 });
    expect(write.base?.index).toBe(5);
    const { log } = core.state;
    expect([log.before_first.index, log.last_index, log.persisted_index]).toEqual([5, 5, 5]);
    expect(termAt(log, 5)).toBe(2);
    core.persist();
    follow(core, n2, 3);
    const { response } = core.ask(n2, append(3, { index: 5, term: 2 }, commandsFrom(6, [3])));
    expect(response).toMatchObject({ success: true, match_index: 6 });
  });

  test('scenario 17: a write of entries that were discarded meanwhile proves nothing', () => {
    const core = new TestCore({ terms: [1, 1], term: 2, commit_index: 2, applied_index: 2 });
    follow(core, n2, 2);
    core.ask(n2, append(2, { index: 2, term: 1 }, commandsFrom(3, [1, 1, 1, 1])));
    core.feed({ kind: 'snapshot_installed', base: baseAt(4, 2) });
    core.ask(n2, append(2, { index: 4, term: 2 }, commandsFrom(5, [2, 2])));
    core.persistOne();
    expect(core.state.log.persisted_index).toBe(4);
    core.persist();
    expect(core.state.log.persisted_index).toBe(6);
  });

  test('scenario 17: a snapshot that contradicts what is committed is a broken invariant', () => {
    const core = new TestCore({ terms: [1, 1, 1, 1], term: 2, commit_index: 4, applied_index: 2 });
    expect(() => core.feed({ kind: 'snapshot_installed', base: baseAt(3, 2) })).toThrow(
      'disagrees with a committed entry',
    );
  });
});

describe('sending', () => {
  /** A leader whose log begins after entry 6; n2 answers and has entry 1. */
  function cutLeader(): TestCore {
    const core = establishedLeader();
    core.propose('a', 'b', 'c', 'd', 'e');
    core.persist();
    acknowledge(core, n3, 7);
    core.feed({ kind: 'applied', index: 7 });
    core.feed({ kind: 'compact', index: 6 });
    core.persist();
    return core;
  }

  function fallBack(core: TestCore): readonly Effect[] {
    return core.hear(n2, {
      kind: 'append_response',
      term: 2,
      append_id: core.state.leading?.progress.get(memberKey(n2))?.append_in_flight ?? 0,
      success: false,
      match_index: 0,
      conflict: { term: 0, index: 3 },
    });
  }

  test('scenario 17: a member that lacks what is cut is sent one, and no appends meanwhile', () => {
    const core = cutLeader();
    const effects = [...fallBack(core), ...core.tick(3 * HEARTBEAT_TICKS)];
    expect(pick(effects, 'send_snapshot')).toEqual([
      { kind: 'send_snapshot', to: n2, term: 2, min_index: 6 },
    ]);
    expect(sent(effects, 'append', n2)).toEqual([]);
    expect(sent(effects, 'heartbeat', n2).length).toBeGreaterThan(0);
  });

  test('scenario 17: once it is installed, its index counts as a match and appends go on after it', () => {
    const core = cutLeader();
    fallBack(core);
    const outcome = { to: n2, term: 2, index: 7 };
    core.feed({ kind: 'snapshot_ended', outcome });
    expect(core.state.leading?.progress.get(memberKey(n2))?.match_index).toBe(7);
    const [message] = sent(core.propose('f'), 'append', n2);
    expect(message?.previous).toEqual({ index: 7, term: 2 });
  });

  test('scenario 17: one that failed is tried again after a pause; the end of one of an earlier term is nothing', () => {
    const core = cutLeader();
    fallBack(core);
    core.feed({ kind: 'snapshot_ended', outcome: { to: n2, term: 1, index: 7 } });
    expect(core.state.leading?.progress.get(memberKey(n2))?.is_snapshot_in_flight).toBe(true);
    core.feed({ kind: 'snapshot_ended', outcome: { to: n2, term: 2, index: null } });
    expect(pick(core.tick(HEARTBEAT_TICKS), 'send_snapshot')).toEqual([]);
    let again: readonly Effect[] = [];
    for (let tick = 0; tick < 20 && again.length === 0; tick += 1) {
      const beat = {
        kind: 'heartbeat_response',
        term: 2,
        round: 0,
        success: true,
        echo_ms: 0,
        applied_index: 0,
        last_index: 2,
        needs_snapshot_from: 0,
        priority: 0,
      } as const;
      again = pick(
        [...core.tick(), ...core.hear(n3, beat), ...core.hear(n2, beat)],
        'send_snapshot',
      );
    }
    expect(again).toHaveLength(1);
  });

  test('scenario 18: a member whose state is lost is sent one, and appends all the same', () => {
    const core = establishedLeader();
    core.feed({ kind: 'applied', index: 2 });
    const beat = (needs_snapshot_from: number): readonly Effect[] =>
      core.hear(n2, {
        kind: 'heartbeat_response',
        term: 2,
        round: 0,
        success: true,
        echo_ms: 0,
        applied_index: 0,
        last_index: 2,
        needs_snapshot_from,
        priority: 0,
      });
    expect(pick(beat(3), 'send_snapshot')).toEqual([]);
    expect(pick(beat(2), 'send_snapshot')).toMatchObject([{ to: n2, min_index: 2 }]);
    expect(sent(core.propose('a'), 'append', n2)).toHaveLength(1);
  });
});
