import type { Configuration } from '../../src/consensus/raft/configuration.ts';
import {
  allMembers,
  isVoter,
  memberKey,
  sameMember,
} from '../../src/consensus/raft/configuration.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { isJoint, isMember, NO_CHANGE } from '../../src/consensus/raft/membership.ts';
import type { SimulatedReplica } from './replica.ts';

export interface OperatorOptions {
  readonly replicas: readonly SimulatedReplica[];
  readonly voters_wanted: number;
  readonly after: (delay_ms: number, callback: () => void) => void;
  readonly note: (what: string) => void;
}

const LOOK_EVERY_MS = 300;
const PATIENCE_MS = 4_000;

/** Who changes the members: a person at a terminal, and the leader's own taking in of strangers. */
export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** From now on whoever leads takes in running replicas that are no members, as discovery does. */
  start(): void {
    this.#options.after(LOOK_EVERY_MS, () => {
      for (const leader of this.#leaders()) this.#takeIn(leader);
      this.start();
    });
  }

  /** Whether a majority stays whole when this one's disks are lost too. */
  mayLose(victim: SimulatedReplica): boolean {
    const is_readable = this.#options.replicas.every(
      ({ log, is_whole }) => is_whole && log.damaged.length === 0,
    );
    return (
      is_readable &&
      this.#eachConfiguration(
        (configuration) =>
          !isJoint(configuration) &&
          this.#hasItsDisks(configuration) &&
          (configuration.voters.length > 2 || !isVoter(configuration, victim.member)),
      )
    );
  }

  /** True of all that the replicas go by, and there is one. */
  #eachConfiguration(holds: (configuration: Configuration) => boolean): boolean {
    const configurations = this.#options.replicas.flatMap(
      (replica) => replica.life?.group.configuration ?? [],
    );
    return configurations.length > 0 && configurations.every(holds);
  }

  /** No voter has lost its disk. */
  #hasItsDisks({ voters }: Configuration): boolean {
    return voters.every((voter) =>
      this.#options.replicas.some((replica) => sameMember(replica.member, voter)),
    );
  }

  /** False: nobody leads; so of all that follow. */
  transfer(target: SimulatedReplica | null): boolean {
    const leaders = this.#leaders();
    for (const leader of leaders) {
      const { life } = leader;
      const to = target?.member.node_id ?? null;
      life?.process.run(() => {
        void life.group
          .transfer(to, PATIENCE_MS)
          .then((outcome) =>
            this.#options.note(`transfer from ${leader.member.node_id} to ${to}: ${outcome}`),
          );
      });
    }
    return leaders.length > 0;
  }

  remove(victim: SimulatedReplica): boolean {
    const leaders = this.mayLose(victim) ? this.#leaders() : [];
    for (const leader of leaders) {
      this.#change(leader, { ...NO_CHANGE, remove: [victim.member] });
    }
    return leaders.length > 0;
  }

  /** Nobody counts on its disks any more: the members that are left all know that it is out. */
  isRemoved(victim: SimulatedReplica): boolean {
    const leaders = this.#leaders();
    return leaders.some((leader) => {
      const configuration = leader.life?.group.configuration ?? null;
      if (configuration === null) return false;
      const members = this.#options.replicas.filter(({ member }) =>
        isMember(configuration, member),
      );
      return members.every((replica) => knowsThatIsOut(replica, victim));
    });
  }

  /** Not while a disk is lost: of the two voters that may be left each is needed. */
  demote(victim: SimulatedReplica): boolean {
    if (!this.#eachConfiguration((configuration) => this.#hasItsDisks(configuration))) return false;
    const leaders = this.#leaders().filter(
      ({ life }) => (life?.group.configuration?.voters.length ?? 0) >= 3,
    );
    for (const leader of leaders) {
      this.#change(leader, { ...NO_CHANGE, demote: [victim.member] });
    }
    return leaders.length > 0;
  }

  wantAllVoters(): void {
    const { voters_wanted } = this.#options;
    for (const leader of this.#leaders()) {
      const wanted = leader.life?.group.configuration?.voters_wanted;
      if (wanted !== voters_wanted) this.#change(leader, { ...NO_CHANGE, voters_wanted });
    }
  }

  /** True when every replica votes again; else does what is missing for it. */
  tidiesUp(): boolean {
    const { replicas } = this.#options;
    this.wantAllVoters();
    for (const replica of replicas) {
      if (!this.isRemoved(replica)) continue;
      replica.kill();
      replica.wipe();
      replica.start();
    }
    const configurations = replicas.map((replica) => replica.life?.group.configuration ?? null);
    return configurations.every(
      (configuration) =>
        configuration !== null &&
        !isJoint(configuration) &&
        configuration.learners.length === 0 &&
        replicas.every((replica) => isVoter(configuration, replica.member)),
    );
  }

  #takeIn(leader: SimulatedReplica): void {
    const configuration = leader.life?.group.configuration ?? null;
    if (configuration === null) return;
    const stranger = this.#options.replicas.find(
      (replica) => replica.life !== null && isStranger(configuration, replica),
    );
    if (stranger === undefined) return;
    const { member } = stranger;
    const former = allMembers(configuration).filter((one) => one.node_id === member.node_id);
    this.#change(leader, { ...NO_CHANGE, add_learners: [member], remove: former });
  }

  #change(leader: SimulatedReplica, change: MembershipChange): void {
    const { life } = leader;
    life?.process.run(() => {
      void life.group
        .changeMembership(change, PATIENCE_MS)
        .then((result) =>
          this.#options.note(
            `members by ${leader.member.node_id}: ${describe(change)}: ${JSON.stringify(result)}`,
          ),
        );
    });
  }

  #leaders(): readonly SimulatedReplica[] {
    return this.#options.replicas.filter((one) => one.life?.group.state.role === 'leader');
  }
}

function knowsThatIsOut({ life }: SimulatedReplica, victim: SimulatedReplica): boolean {
  if (life === null) return false;
  const { configuration, state } = life.group;
  return (
    configuration !== null &&
    !isMember(configuration, victim.member) &&
    configuration.removed.some((one) => sameMember(one, victim.member)) &&
    (state.configurations.at(-1)?.index ?? Infinity) <= state.commit_index
  );
}

function isStranger(configuration: Configuration, { member }: SimulatedReplica): boolean {
  if (isMember(configuration, member)) return false;
  return !configuration.removed.some((gone) => sameMember(gone, member));
}

function describe({
  add_learners,
  remove,
  promote,
  demote,
  voters_wanted,
}: MembershipChange): string {
  const named = { add: add_learners, remove, promote, demote };
  const words = Object.entries(named)
    .filter(([, members]) => members.length > 0)
    .map(([name, members]) => `${name} ${members.map(memberKey).join(' ')}`);
  return [...words, ...(voters_wanted === null ? [] : [`wanted ${voters_wanted}`])].join(', ');
}
