import { must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';

/** What can go wrong. Each mends itself after a while, so that any of them can be left out. */
const fault_kinds = [
  'kill',
  'kill_leader',
  'kill_all',
  'cut_power',
  'cut_power_of_all',
  'lose_state',
  'damage_log',
  'wipe',
  'transfer',
  'remove_and_replace',
  'demote',
  'stop',
  'stop_leader',
  'cut_link',
  'cut_off_leader',
  'partition',
  'storm',
  'slow_disk',
  'stall_disk',
  'stall_leaders_disk',
  'break_disk',
  'low_disk',
  'jump_clock',
  'leaders_fall_in_turn',
  'old_leader_reads',
  'minority_on_stalled_disks',
] as const;

type FaultKind = (typeof fault_kinds)[number];

export interface Fault {
  /** Its place in the schedule of its seed: by it a part of a schedule is named. */
  readonly number: number;
  readonly kind: FaultKind;
  /** Begins when so many steps were counted. */
  readonly at_step: number;
  readonly lasts_ms: number;
  /** For its own choices: leaving out another fault does not change them. */
  readonly seed: number;
}

const FAULTS_MIN = 8;
const FAULTS_MAX = 16;

/** The whole schedule of a seed. */
export function scheduleOf(seed: number, steps: number): readonly Fault[] {
  const prng = seededPrng(seed ^ 0x5eed);
  const count = FAULTS_MIN + prng.below(FAULTS_MAX - FAULTS_MIN + 1);
  const faults = Array.from({ length: count }, () => chooseFault(prng, steps));
  return faults
    .toSorted((one, other) => one.at_step - other.at_step)
    .map((fault, position) => ({ ...fault, number: position + 1 }));
}

function chooseFault(prng: Prng, steps: number): Omit<Fault, 'number'> {
  return {
    kind: must(fault_kinds[prng.below(fault_kinds.length)], 'a kind of fault'),
    at_step: Math.floor(steps / 20) + prng.below(Math.floor((steps * 17) / 20)),
    lasts_ms: prng.below(3) === 0 ? 50 + prng.below(400) : 400 + prng.below(3_600),
    seed: prng.below(2 ** 32),
  };
}
