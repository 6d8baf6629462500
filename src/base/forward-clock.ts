/**
 * A clock that never goes back, milliseconds since 1970: the wall clock, and after that jumped back the
 * monotonic one, counted on from where the wall clock was. (While a machine sleeps the monotonic clock
 * alone stands still, and the wall clock is the later one.)
 */
export function createForwardClock(wallMs: () => number, monotonicMs: () => number): () => number {
  let now_ms = wallMs();
  let counted_ms = monotonicMs();
  return () => {
    const monotonic_ms = monotonicMs();
    now_ms = Math.max(wallMs(), now_ms + (monotonic_ms - counted_ms));
    counted_ms = monotonic_ms;
    return Math.floor(now_ms);
  };
}
