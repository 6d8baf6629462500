import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import {
  confirm,
  establishedLeader,
  heartbeat,
  HEARTBEAT_TICKS,
  n2,
  n3,
  only,
  pick,
  roundOf,
} from '../../support/raft-fixture.ts';

/** Row 10 of the scenarios: there are no lease reads, so no clock, no pause and no past confirms one. */

describe('scenario 10: no lease reads', () => {
  test('scenario 10: that all confirmed a moment ago answers no read', () => {
    const core = establishedLeader();
    const before = roundOf(core.tick(HEARTBEAT_TICKS));
    for (const from of [n2, n3]) confirm(core, from, before);
    const effects = core.read(1);
    expect(pick(effects, 'read_ready')).toEqual([]);
    const round = roundOf(effects);
    expect(only(pick(confirm(core, n2, round), 'read_ready'))).toMatchObject({ index: 2 });
  });

  test('scenario 10: whatever was confirmed before, and however often, a read waits for a later round', () => {
    const event = fc.oneof(
      fc.constant('tick' as const),
      fc.record({ from: fc.constantFrom(n2, n3), back: fc.integer({ min: 0, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const core = establishedLeader();
        let latest = roundOf(core.tick(HEARTBEAT_TICKS));
        const confirmSome = (): readonly Effect[] =>
          events.flatMap((one) =>
            one === 'tick' ? [] : confirm(core, one.from, Math.max(1, latest - one.back)),
          );
        for (const one of events) {
          // Somebody answers, so that it goes on leading.
          if (one === 'tick') latest = roundOf(core.tick(HEARTBEAT_TICKS));
          confirm(core, n2, latest);
        }
        expect(core.state.role).toBe('leader');
        const round = roundOf(core.read(1));
        expect(round).toBeGreaterThan(latest);
        // All that is late arrives now.
        expect(pick(confirmSome(), 'read_ready')).toEqual([]);
        expect(pick(confirm(core, n3, round), 'read_ready')).toHaveLength(1);
      }),
    );
  });

  test('scenario 10: the clock has no part in it, neither one that stands still nor one that leaps', () => {
    const outcomes = [0, 1, 1_000_000, -1_000_000].map((leap_ms) => {
      const core = establishedLeader();
      const earlier = roundOf(core.tick(HEARTBEAT_TICKS));
      core.now_ms += leap_ms;
      const round = roundOf(core.read(1));
      const late = [...confirm(core, n2, earlier), ...confirm(core, n3, earlier)];
      core.now_ms += leap_ms;
      const answered = confirm(core, n2, round);
      return { late: pick(late, 'read_ready'), answered: pick(answered, 'read_ready') };
    });
    for (const outcome of outcomes) {
      expect(outcome).toEqual({
        late: [],
        answered: [{ kind: 'read_ready', token: 1, index: 2 }],
      });
    }
  });

  test('scenario 10: a leader that was paused past its term refuses the reads that it holds', () => {
    const core = establishedLeader();
    const earlier = roundOf(core.tick(HEARTBEAT_TICKS));
    // Nothing told it of the pause: not a tick passed for it. Others led and committed meanwhile.
    core.read(1);
    expect(pick(confirm(core, n2, earlier), 'read_ready')).toEqual([]);
    const { effects } = core.ask(n3, heartbeat(3));
    expect(pick(effects, 'read_ready')).toEqual([{ kind: 'read_ready', token: 1, index: null }]);
  });
});
