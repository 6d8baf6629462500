import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { must } from '../../../src/base/assert.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import type { Term } from '../../../src/consensus/raft/entry.ts';
import {
  appendToLog,
  completeWrites,
  createLog,
  firstIndexOfTermAt,
  lastIndexOfTermAtMost,
  lastPosition,
  registerWrite,
  sliceOfLog,
  termAt,
  trimTail,
  truncateLog,
} from '../../../src/consensus/raft/log.ts';
import { limits } from '../../../src/limits.ts';
import { settle } from '../../support/core-wire.ts';
import {
  acknowledge,
  commandAt,
  commandsFrom,
  HEARTBEAT_TICKS,
  lead,
  member,
  n2,
  n3,
  only,
  pick,
  sent,
  TestCore,
  votersUpTo,
} from '../../support/raft-fixture.ts';

/** A log with these terms, all on disk and in memory. */
function logWith(terms: readonly Term[]): ReturnType<typeof createLog> {
  const log = createLog({ index: 0, term: 0 }, [], 0);
  appendToLog(log, commandsFrom(1, terms));
  completeWrites(log, registerWrite(log, true, 0));
  return log;
}

describe('the log in memory', () => {
  const ascending = fc
    .array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 })
    .map((terms) => terms.sort((one, other) => one - other));

  test('terms are what an array of them says, whatever is appended and truncated', () => {
    fc.assert(
      fc.property(ascending, fc.nat({ max: 40 }), ascending, (first, cut, second) => {
        const kept = first.slice(0, Math.max(1, Math.min(cut, first.length)));
        const last_kept = must(kept.at(-1), 'one is kept');
        const terms = [...kept, ...second.filter((term) => term >= last_kept)];
        const log = logWith(first);
        if (kept.length < first.length) truncateLog(log, kept.length + 1);
        appendToLog(log, commandsFrom(kept.length + 1, terms.slice(kept.length)));
        expect(lastPosition(log)).toEqual({ index: terms.length, term: terms.at(-1) });
        for (const [position, term] of terms.entries()) {
          expect(termAt(log, position + 1)).toBe(term);
          expect(firstIndexOfTermAt(log, position + 1)).toBe(terms.indexOf(term) + 1);
        }
        expect(termAt(log, 0)).toBe(0);
        expect(termAt(log, terms.length + 1)).toBeNull();
        for (let term = 0; term <= 13; term += 1) {
          const expected = terms.filter((one) => one <= term).length;
          expect(lastIndexOfTermAtMost(log, term)).toBe(expected);
        }
      }),
    );
  });

  test('a log that was cut knows the term before its first entry, and none before that', () => {
    const log = createLog({ index: 5, term: 2 }, [{ index: 6, term: 3 }], 8);
    expect([4, 5, 6, 8, 9].map((index) => termAt(log, index))).toEqual([null, 2, 3, 3, null]);
    expect(lastIndexOfTermAtMost(log, 2)).toBe(5);
  });

  test('entries follow each other, and terms never fall', () => {
    const log = logWith([1, 2]);
    expect(() => appendToLog(log, [commandAt(4, 2)])).toThrow(/follow/);
    expect(() => appendToLog(log, [commandAt(3, 1)])).toThrow(/never fall/);
  });

  test('a slice is bounded in bytes and entries, and holds at least one', () => {
    const log = logWith(Array.from({ length: limits.append_entries_max + 10 }, () => 1));
    expect(sliceOfLog(log, 1, log.last_index, limits.append_bytes_max)).toHaveLength(
      limits.append_entries_max,
    );
    expect(sliceOfLog(log, 3, 9, limits.append_bytes_max)?.map(({ index }) => index)).toEqual([
      3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(sliceOfLog(log, 3, 9, 1)?.map(({ index }) => index)).toEqual([3]);
  });

  test('what is not in memory is no slice', () => {
    const log = createLog({ index: 0, term: 0 }, [{ index: 1, term: 1 }], 5);
    expect(sliceOfLog(log, 3, 5, 1_000)).toBeNull();
    appendToLog(log, [commandAt(6, 1)]);
    expect(sliceOfLog(log, 5, 6, 1_000)).toBeNull();
    expect(sliceOfLog(log, 6, 6, 1_000)).toHaveLength(1);
  });

  test('trimming spares what is not applied or not on disk', () => {
    const log = createLog({ index: 0, term: 0 }, [], 0);
    const text = 'x'.repeat(1024 * 1024);
    const count = 40;
    for (let index = 1; index <= count; index += 1) appendToLog(log, [commandAt(index, 1, text)]);
    trimTail(log, count);
    expect(log.tail).toHaveLength(count);
    completeWrites(log, registerWrite(log, true, 0));
    trimTail(log, 3);
    expect(log.tail[0]?.index).toBe(4);
    trimTail(log, count);
    expect(log.tail_bytes).toBeLessThanOrEqual(limits.log_tail_bytes_max);
    expect(log.tail.at(-1)?.index).toBe(count);
  });
});

describe('§5.3: a leader brings every log to its own', () => {
  const leader_terms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  const figure_seven: readonly (readonly [string, readonly Term[]])[] = [
    ['(a) one is missing', [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ['(b) many are missing', [1, 1, 1, 4]],
    ['(c) one too many', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ['(d) a term too many', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ['(e) missing and too many', [1, 1, 1, 4, 4, 4, 4]],
    ['(f) two other terms', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ];

  function followersOf(logs: readonly (readonly Term[])[], term: Term): readonly TestCore[] {
    return logs.map(
      (terms, position) =>
        new TestCore({
          configuration: votersUpTo(logs.length + 1),
          self: member(position + 2),
          terms,
          term,
        }),
    );
  }

  /** Elects the first, whose messages then arrive at once; returns all effects. */
  function leadAndSettle(cores: readonly TestCore[]): readonly Effect[] {
    const leader = must(cores[0], 'a leader');
    const effects = lead(leader);
    // The votes were played by the test; what came with the election is for the others.
    const from_election = effects.filter(
      (effect) =>
        effect.kind === 'persist' || (effect.kind === 'send' && effect.message.kind !== 'vote'),
    );
    const all = [...settle(cores, leader, from_election)];
    for (let tick = 0; tick < 3 * HEARTBEAT_TICKS; tick += 1) {
      all.push(...settle(cores, leader, leader.tick()));
    }
    return all;
  }

  function leaderOf(terms: readonly Term[], term: Term, size: number): TestCore {
    return new TestCore({ configuration: votersUpTo(size), terms, term });
  }

  test.each(figure_seven)('Figure 7 %s', (_, terms) => {
    const others = followersOf([terms, leader_terms], 7);
    const cores = [leaderOf(leader_terms, 7, 3), ...others];
    leadAndSettle(cores);
    for (const core of cores) {
      expect(core.terms).toEqual([...leader_terms, 8]);
      expect(core.state.commit_index).toBe(11);
    }
  });

  test('Figure 7, all of them at once', () => {
    const logs = figure_seven.map(([, terms]) => terms);
    const cores = [leaderOf(leader_terms, 7, 7), ...followersOf(logs, 7)];
    leadAndSettle(cores);
    for (const core of cores) {
      expect(core.terms).toEqual([...leader_terms, 8]);
      expect(core.state.commit_index).toBe(11);
    }
  });

  /** Two logs that agree at first, and then were written by other leaders. */
  const two_logs = fc
    .tuple(
      fc.array(fc.nat({ max: 2 }), { maxLength: 12 }),
      fc.array(fc.nat({ max: 2 }), { maxLength: 20 }),
      fc.array(fc.nat({ max: 2 }), { maxLength: 20 }),
    )
    .map(([common, own, other]) => {
      const grow = (from: Term, steps: readonly number[], unit: number): Term[] => {
        let term = from;
        return steps.map((step) => (term += step * unit));
      };
      const shared = [1, ...grow(1, common, 1)];
      // After the common part: odd terms here, even terms there.
      const base = 2 * Math.ceil((must(shared.at(-1), 'a term') + 1) / 2);
      return [
        [...shared, ...grow(base + 1, own, 2)],
        [...shared, ...grow(base, other, 2)],
      ] as const;
    });

  test('any two logs: it ends, in no more probes than there are terms', () => {
    fc.assert(
      fc.property(two_logs, ([own, other]) => {
        const term = Math.max(must(own.at(-1), 'a term'), must(other.at(-1), 'a term'));
        const cores = [leaderOf(own, term, 2), ...followersOf([other], term)];
        const effects = leadAndSettle(cores);
        for (const core of cores) {
          expect(core.terms).toEqual([...own, term + 1]);
          expect(core.state.commit_index).toBe(own.length + 1);
        }
        const refusals = pick(effects, 'reply_after_persist').filter(
          ({ message }) => message.kind === 'append_response' && !message.success,
        );
        expect(refusals.length).toBeLessThanOrEqual(new Set([...own, ...other]).size + 1);
      }),
    );
  });

  test('a late refusal does not take a follower back', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    const probe = only(sent(lead(core), 'append', n2));
    core.persist();
    acknowledge(core, n2, 3);
    core.hear(n2, {
      kind: 'append_response',
      term: 2,
      append_id: probe.append_id,
      success: false,
      match_index: 0,
      conflict: { term: 0, index: 1 },
    });
    const progress = must(core.state.leading?.progress.get(memberKey(n2)), 'progress');
    expect(progress).toMatchObject({ state: 'replicate', match_index: 3, next_index: 4 });
  });

  test('what became of an append of an earlier term says nothing of the one on its way', () => {
    const core = new TestCore();
    const old = only(sent(lead(core), 'append', n2));
    core.persist();
    core.ask(n3, { kind: 'heartbeat', term: 3, round: 1, commit_index: 0, freshness: null });
    core.persist();
    const present = only(sent(lead(core), 'append', n2));
    expect(present.append_id).toBe(old.append_id);
    const refused = {
      kind: 'append_response',
      term: 4,
      append_id: old.append_id,
      success: false,
      match_index: 0,
      conflict: null,
    } as const;
    expect(sent(core.hear(n2, refused), 'append')).toEqual([]);
    core.fail(n2, old);
    expect(core.state.leading?.progress.get(memberKey(n2))?.append_in_flight).toBe(
      present.append_id,
    );
  });

  test('one append at a time: what comes meanwhile is the next batch', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    acknowledge(core, n2, 1);
    expect(sent([...core.propose('a'), ...core.propose('b', 'c')], 'append', n2)).toEqual([]);
    const batch = only(sent(acknowledge(core, n2, 2), 'append', n2));
    expect(batch.entries.map(({ request_id }) => request_id)).toEqual(['a', 'b', 'c']);
  });
});
