import type { MembershipResult } from '../consensus/raft/effect.ts';
import type { Configuration, Member, NodeId } from '../consensus/raft/configuration.ts';
import { allMembers, sameMember } from '../consensus/raft/configuration.ts';
import type { MembershipChange } from '../consensus/raft/membership.ts';
import { isMember, NO_CHANGE } from '../consensus/raft/membership.ts';
import { limits } from '../limits.ts';
import type { AddressBook } from './address-book.ts';
import { askWho } from './ask.ts';
import type { Call, DiscoveryClock, DiscoveryLogger } from './ports.ts';

/** The consensus, as far as the members of the cluster are concerned. */
interface MembershipPort {
  /** The configuration in force, when this replica leads; null otherwise. */
  configuration(): Configuration | null;
  change(change: MembershipChange): Promise<MembershipResult>;
}

export interface MembershipProposerOptions {
  readonly book: AddressBook;
  readonly call: Call;
  readonly port: MembershipPort;
  readonly clock: DiscoveryClock;
  readonly logger: DiscoveryLogger;
}

/** The same trouble with a replica is told again after so many looks. */
const LOOKS_BETWEEN_LOGS = 60;

/**
 * On the leader: takes in the replicas that announced themselves and are no members (thesis §4.2.1: as
 * learners; the consensus promotes them while voters are wanted). One that comes back with another disk
 * takes the place of its former self, by one change: the only demotion that nobody asked for. What the
 * address book says is not believed: nobody's place is taken while it still answers where it was seen last,
 * heard by the consensus or not; and whoever lives at the address proves the pair by its signature, and
 * that it belongs to this cluster. The consensus judges the rest.
 */
export class MembershipProposer {
  readonly #options: MembershipProposerOptions;
  readonly #told = new Map<NodeId, { story: string; looks: number }>();

  constructor(options: MembershipProposerOptions) {
    this.#options = options;
  }

  /** Looks until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(limits.membership_look_every_ms, signal);
      if (!signal.aborted) await this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { book, port } = this.#options;
    const strangers = book.dialable().filter((entry) => isStranger(port.configuration(), entry));
    for (const node_id of this.#told.keys()) {
      if (!strangers.some((stranger) => stranger.node_id === node_id)) this.#told.delete(node_id);
    }
    for (const stranger of strangers) {
      if (signal.aborted) return;
      await this.#takeIn(stranger, stranger.address);
    }
  }

  async #takeIn(stranger: Member, address: string): Promise<void> {
    const { call, port } = this.#options;
    const cluster_id = await askWho(call, address).then(
      ({ state }) => (sameMember(state.member, stranger) ? state.cluster_id : null),
      // It does not answer: there is nobody to take in.
      () => null,
    );
    // Read after the answer: others may have been taken in meanwhile.
    const configuration = port.configuration();
    if (configuration === null || cluster_id !== configuration.cluster_id) return;
    if (!isStranger(configuration, stranger)) return;
    const { node_id, storage_id } = stranger;
    const member: Member = { node_id, storage_id };
    const former = allMembers(configuration).filter((one) => one.node_id === node_id);
    for (const old of former) {
      if (!(await this.#answers(old))) continue;
      return this.#tell(member, former, { kind: 'refused', reason: 'still_heard' });
    }
    const change: MembershipChange = { ...NO_CHANGE, add_learners: [member], remove: former };
    this.#tell(member, former, await port.change(change));
  }

  /** Whether this very pair lives where it was seen last. */
  async #answers(member: Member): Promise<boolean> {
    const { book, call } = this.#options;
    const entry = book.entryOf(member);
    if (entry === null) return false;
    return askWho(call, entry.address).then(
      ({ state }) => sameMember(state.member, member),
      () => false,
    );
  }

  #tell(member: Member, former: readonly Member[], result: MembershipResult): void {
    const { logger } = this.#options;
    const fields = { member, former, result };
    if (result.kind !== 'refused') {
      logger.info(fields, 'a replica that announced itself is taken in');
      return;
    }
    const story = `${member.storage_id} ${result.reason}`;
    const told = this.#told.get(member.node_id);
    if (told?.story === story && told.looks < LOOKS_BETWEEN_LOGS) {
      told.looks += 1;
      return;
    }
    this.#told.set(member.node_id, { story, looks: 0 });
    if (result.reason === 'still_heard') {
      logger.warn(
        fields,
        'two replicas run under one NODE_ID: the one that is no member is not taken in',
      );
    } else {
      logger.info(fields, 'a replica that announced itself is not taken in yet');
    }
  }
}

/** Not a member, and not one that was removed on purpose. */
function isStranger(configuration: Configuration | null, member: Member): boolean {
  if (configuration === null || isMember(configuration, member)) return false;
  return !configuration.removed.some((gone) => sameMember(gone, member));
}
