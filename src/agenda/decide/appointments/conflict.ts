import { limits } from '../../../limits.ts';
import type { Appointment } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';

/**
 * An appointment as it would be, against everything else that takes time on its owner's agenda. Judged
 * here, in log order, so of two requests that race for the same time exactly one wins. Touching ends do
 * not overlap.
 */
export function conflictOf(
  view: RulesView,
  wanted: Appointment,
  allow_conflict: boolean,
): Refusal | null {
  const { owner_key, start, end, busy, cancelled_at } = wanted;
  if (!busy || cancelled_at !== null || allow_conflict) return null;
  const overlaps = view.busyOverlapping(
    owner_key,
    { start, end, except_key: wanted.key },
    limits.conflict_overlaps_max,
  );
  if (overlaps.length === 0) return null;
  const detail =
    'The time overlaps what is on the agenda already; choose another time, or send ' +
    'allow_conflict: true to have both.';
  return { code: 'conflict', detail, overlaps };
}
