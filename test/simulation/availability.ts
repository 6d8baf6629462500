import { assert } from '../../src/base/assert.ts';
import type { Configuration } from '../../src/consensus/raft/configuration.ts';
import { memberKey, sameMember } from '../../src/consensus/raft/configuration.ts';
import { isQuorum } from '../../src/consensus/raft/quorum.ts';
import { hasCommittedInTerm } from '../../src/consensus/raft/state.ts';
import { FAIR_WEATHER } from '../support/weather.ts';
import type { Network } from './network.ts';
import type { Life, SimulatedReplica } from './replica.ts';

export interface AvailabilityOptions {
  readonly replicas: readonly SimulatedReplica[];
  readonly network: Network;
  readonly now_ms: () => number;
  readonly committed_count: () => number;
}

export const LOOK_EVERY_MS = 100;
/** A leader that is not there any more is missed within two seconds; then there is an election, or two. */
const PATIENCE_MS = 5_000;
const GOOD_DISK_MS = 3;

/**
 * Liveness while things are wrong: a majority of the voters in which nothing is wrong, and nothing between
 * them, is served after a while, whatever the others do.
 */
export class Availability {
  readonly #options: AvailabilityOptions;
  /** Of each such majority, as a set of bits: since when it has been one. */
  readonly #since_ms = new Map<number, number>();
  readonly #leading = new Set<Life>();
  #served_ms = 0;
  #committed = 0;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  /** After each event: who kills each leader as soon as it leads must not wait for more than that. */
  afterStep(): void {
    for (const { life } of this.#options.replicas) {
      if (life?.group.state.role === 'leader') this.#leading.add(life);
    }
  }

  look(): void {
    const { now_ms } = this.#options;
    if (this.#isServed()) this.#served_ms = now_ms();
    const majorities = this.#soundMajorities();
    for (const majority of this.#since_ms.keys()) {
      if (!majorities.has(majority)) this.#since_ms.delete(majority);
    }
    for (const majority of majorities) {
      if (!this.#since_ms.has(majority)) this.#since_ms.set(majority, now_ms());
    }
    const longest_since_ms = Math.min(Infinity, ...this.#since_ms.values());
    const unserved_ms = now_ms() - Math.max(longest_since_ms, this.#served_ms);
    assert(unserved_ms < PATIENCE_MS, 'a sound majority is not served');
  }

  #isServed(): boolean {
    const { replicas, committed_count } = this.#options;
    const has_grown = committed_count() > this.#committed;
    this.#committed = committed_count();
    let was_killed = false;
    for (const life of this.#leading) {
      if (replicas.some((one) => one.life === life)) continue;
      this.#leading.delete(life);
      was_killed = true;
    }
    return has_grown || was_killed || replicas.some((one) => this.#leads(one));
  }

  /** Whoever writes to it now is acknowledged. */
  #leads({ life, is_stopped, member }: SimulatedReplica): boolean {
    if (life === null || is_stopped || life.group.state.role !== 'leader') return false;
    const { state, configuration } = life.group;
    const { term, commit_index, log, is_disk_low } = state;
    if (is_disk_low || configuration === null) return false;
    return (
      hasCommittedInTerm(state) &&
      commit_index === log.last_index &&
      isQuorum(configuration, (key) =>
        this.#options.replicas.some((one) => {
          const follower = one.life?.group.state;
          if (follower === undefined || memberKey(one.member) !== key) return false;
          const { leader } = follower;
          return (
            follower.term === term &&
            (one.life === life || (leader !== null && sameMember(leader, member)))
          );
        }),
      )
    );
  }

  #soundMajorities(): ReadonlySet<number> {
    const { replicas, network } = this.#options;
    const found = new Set<number>();
    if (network.weather !== FAIR_WEATHER) return found;
    const configurations = replicas.flatMap(({ life }) => life?.group.configuration ?? []);
    const sound = replicas.filter(isSound);
    for (let bits = 1; bits < 2 ** replicas.length; bits += 1) {
      const chosen = replicas.filter((_, position) => (bits & (1 << position)) !== 0);
      if (
        chosen.every((one) => sound.includes(one)) &&
        this.#isConnected(chosen) &&
        decides(chosen, configurations)
      )
        found.add(bits);
    }
    return found;
  }

  #isConnected(chosen: readonly SimulatedReplica[]): boolean {
    const { network } = this.#options;
    return chosen.every((one) =>
      chosen.every((other) => !network.isCut(one.member.node_id, other.member.node_id)),
    );
  }
}

/** By whichever configuration any replica goes. */
function decides(
  chosen: readonly SimulatedReplica[],
  configurations: readonly Configuration[],
): boolean {
  const keys = new Set(chosen.map(({ member }) => memberKey(member)));
  return (
    configurations.length > 0 &&
    configurations.every((configuration) => isQuorum(configuration, (key) => keys.has(key)))
  );
}

function isSound({ life, is_stopped, log, disk_ms_max }: SimulatedReplica): boolean {
  if (life === null || is_stopped || log.has_failed || log.is_stalled) return false;
  const { is_state_missing, is_apply_halted, is_disk_low } = life.group.state;
  return disk_ms_max <= GOOD_DISK_MS && !is_state_missing && !is_apply_halted && !is_disk_low;
}
