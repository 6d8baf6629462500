/**
 * Milliseconds since 1970 by the wall clock when the process started, counted on by the monotonic clock:
 * ages and pauses taken from it are right when the wall clock jumps.
 */
export function steadyWallClockMs(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
