import { describe, expect, test } from '@jest/globals';
import { PendingProposals } from '../../src/consensus/pending-proposals.ts';
import type { ProposalResult } from '../../src/consensus/pending-proposals.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';

function entry(index: number, term: number): ReturnType<typeof sealEntry> {
  return sealEntry({ index, term, kind: 'command', request_id: '', payload: new Uint8Array(0) });
}

function setUp(): { pending: PendingProposals; results: Map<number, ProposalResult> } {
  const pending = new PendingProposals();
  const results = new Map<number, ProposalResult>();
  for (const token of [1, 2]) {
    pending.add(token, 0, 1_000, (result) => results.set(token, result));
  }
  return { pending, results };
}

describe('a proposal that waits', () => {
  test('is answered by the entry at its index when that has its term', () => {
    const { pending, results } = setUp();
    pending.accepted(1, 5, 2);
    expect(pending.applied(entry(5, 2), 'done')).toBe(0);
    expect(results.get(1)).toEqual({ kind: 'applied', index: 5, outcome: 'done' });
  });

  test('is lost when an entry of another term is committed at its index', () => {
    const { pending, results } = setUp();
    pending.accepted(1, 5, 2);
    expect(pending.applied(entry(5, 3), 'of another')).toBeNull();
    expect(results.get(1)).toEqual({ kind: 'lost' });
  });

  test('scenario 20: is unknown, not lost, when only this replica wrote something else in its place', () => {
    const { pending, results } = setUp();
    pending.accepted(1, 5, 2);
    // Deposed, truncated, elected again: a copy of the first may still be committed by somebody else.
    pending.accepted(2, 5, 4);
    expect(results.get(1)).toEqual({ kind: 'unknown' });
    pending.applied(entry(5, 4), 'of the second');
    expect(results.get(2)).toMatchObject({ kind: 'applied', outcome: 'of the second' });
  });

  test('is unknown when its time is over', () => {
    const { pending, results } = setUp();
    pending.accepted(1, 5, 2);
    pending.expire(999);
    expect(results.size).toBe(0);
    pending.expire(1_000);
    expect([...results.values()]).toEqual([{ kind: 'unknown' }, { kind: 'unknown' }]);
    expect(pending.size).toBe(0);
    expect(pending.applied(entry(5, 2), 'too late')).toBeNull();
  });
});
