import type { Logger } from 'pino';
import type { Group } from '../consensus/group.ts';
import { limits } from '../limits.ts';

type Yielding = Pick<Group, 'state' | 'transfer' | 'setDiskLow'>;

/**
 * What a replica does when it is told, every second, whether it is short of space: a leader hands over
 * first, so that there is no gap, and steps down if that came to nothing. One that leads all the same,
 * because nobody else could, tries again now and then.
 */
export function createYielding(
  group: Yielding,
  log: Pick<Logger, 'info'>,
  nowMs: () => number,
): (is_low: boolean) => void {
  let is_handing_over = false;
  let wanted = false;
  let tried_ms = Number.NEGATIVE_INFINITY;
  return (is_low) => {
    wanted = is_low;
    if (is_handing_over) return;
    const is_due = nowMs() - tried_ms >= limits.storage_hand_over_every_ms;
    if (!is_low || group.state.role !== 'leader' || !is_due) {
      if (is_low !== group.state.is_disk_low) group.setDiskLow(is_low);
      return;
    }
    is_handing_over = true;
    tried_ms = nowMs();
    void group.transfer(null, limits.storage_hand_over_ms).then((outcome) => {
      is_handing_over = false;
      log.info({ outcome }, 'short of space, so another should lead');
      group.setDiskLow(wanted);
    });
  };
}
