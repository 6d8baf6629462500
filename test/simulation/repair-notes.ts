import type { RepairObserver } from '../../src/consensus/log-repair.ts';

/** Writes into the trace how the repair of a log goes. */
export function repairNotes(note: (text: string) => void): RepairObserver {
  return {
    waiting: (index, why) => note(`waits for entry ${index}: ${why}`),
    repaired: (index) => note(`has entry ${index} again`),
    covered: (through) => note(`lets go of damaged entries through ${through}`),
    adopted: (through) => note(`lets go of entries through ${through}, and wants a snapshot`),
    cut: (from) => note(`deletes damaged entries from ${from} on`),
  };
}
