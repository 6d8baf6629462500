import { describe, expect, test } from '@jest/globals';
import { ReplayGuard } from '../../../src/consensus/rpc/replay-guard.ts';
import { limits } from '../../../src/limits.ts';

const NOW_MS = 1_800_000_000_000;

function filled(timestamp_ms: number): ReplayGuard {
  const guard = new ReplayGuard();
  for (let boot = 0; boot < limits.rpc_replay_senders_max; boot += 1) {
    const nonce = { sender: `boot-${boot}`, counter: 7, timestamp_ms };
    expect(guard.admit(nonce, NOW_MS)).toBe('fresh');
  }
  return guard;
}

describe('replay guard', () => {
  test('counters of one sender say nothing about another', () => {
    const guard = new ReplayGuard();
    const nonce = { sender: 'a', counter: 1, timestamp_ms: NOW_MS };
    expect(guard.admit(nonce, NOW_MS)).toBe('fresh');
    expect(guard.admit({ ...nonce, sender: 'b' }, NOW_MS)).toBe('fresh');
    expect(guard.admit(nonce, NOW_MS)).toBe('replayed');
  });

  test('no window is forgotten while its requests would still pass for recent', () => {
    // Signed by a clock that is ahead: they stay acceptable for twice the skew.
    const guard = filled(NOW_MS + limits.rpc_clock_skew_ms);
    const later_ms = NOW_MS + 2 * limits.rpc_clock_skew_ms;
    const newcomer = { sender: 'newcomer', counter: 1, timestamp_ms: later_ms };
    expect(guard.admit(newcomer, later_ms)).toBe('overloaded');
    const replay = {
      sender: 'boot-0',
      counter: 7,
      timestamp_ms: NOW_MS + limits.rpc_clock_skew_ms,
    };
    expect(guard.admit(replay, later_ms)).toBe('replayed');
    expect(guard.admit(newcomer, later_ms + 1)).toBe('fresh');
  });

  test('the window unused for longest makes room', () => {
    const guard = filled(NOW_MS);
    const later_ms = NOW_MS + limits.rpc_clock_skew_ms + 1;
    for (let boot = 1; boot < limits.rpc_replay_senders_max; boot += 1) {
      const nonce = { sender: `boot-${boot}`, counter: 8, timestamp_ms: later_ms };
      expect(guard.admit(nonce, later_ms)).toBe('fresh');
    }
    const first = { sender: 'newcomer-1', counter: 1, timestamp_ms: later_ms };
    expect(guard.admit(first, later_ms)).toBe('fresh');
    const second = { sender: 'newcomer-2', counter: 1, timestamp_ms: later_ms };
    expect(guard.admit(second, later_ms)).toBe('overloaded');
  });
});
