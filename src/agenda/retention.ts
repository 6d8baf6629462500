import { limits } from '../limits.ts';
import type { Appointment, Instant } from './model.ts';

/** When a cancelled appointment can no longer be restored. */
export function goneAt(cancelled_at: Instant): Instant {
  return cancelled_at + limits.cancelled_kept_ms;
}

/** Whether it is gone for good at a state time: for readers too, though its rows go a little later. */
export function isGone({ cancelled_at }: Appointment, state_time: Instant): boolean {
  return cancelled_at !== null && goneAt(cancelled_at) <= state_time;
}
