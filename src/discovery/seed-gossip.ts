import { assert } from '../base/assert.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { NodeId } from '../consensus/raft/configuration.ts';
import { limits } from '../limits.ts';
import type { AddressBook } from './address-book.ts';
import type { AddressSource, Announcement } from './address-entry.ts';
import { askWho, UnexpectedAnswerError } from './ask.ts';
import type { IdentityKeeper } from './identity-keeper.ts';
import type { Call, DiscoveryClock, DiscoveryLogger, NodeStore } from './ports.ts';
import { nodes_answer } from './wire.ts';
import type { JoinRequestBody } from './wire.ts';

export interface SeedGossipOptions {
  /** `DISCOVERY_SEEDS`: `host:port`. A seed that cannot be reached or resolved is tried for ever. */
  readonly seeds: readonly string[];
  /** `CLUSTER_MEMBERS`. */
  readonly wanted: readonly NodeId[];
  readonly announcement: Announcement;
  readonly keeper: IdentityKeeper;
  readonly book: AddressBook;
  readonly call: Call;
  readonly store: NodeStore;
  readonly clock: DiscoveryClock;
  readonly logger: DiscoveryLogger;
}

/** When an address is dialled next, and how the last calls went. */
interface Dial {
  due_ms: number;
  failures: number;
  is_running: boolean;
}

/** The last announcement to a replica. */
interface Announced {
  readonly boot_id: string;
  readonly at_ms: number;
}

/**
 * Finds the other replicas: asks the seeds and everyone known who they are, announces this replica and
 * takes over their tables. Fast until all members are known and the cluster has formed, slowly
 * afterwards. It fills the address book and nothing else.
 */
export class SeedGossip {
  readonly #options: SeedGossipOptions;
  readonly #dials = new Map<string, Dial>();
  readonly #announced = new Map<NodeId, Announced>();
  /** Addresses at which this replica itself answered. */
  readonly #own_addresses = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #saved_revision = 0;

  constructor(options: SeedGossipOptions) {
    assert(options.seeds.length <= limits.address_book_max, 'more seeds than addresses');
    this.#options = options;
  }

  /** Everywhere that another replica may be: the seeds and the book. */
  addresses(): readonly string[] {
    const known = this.#options.book.dialable().map((entry) => entry.address);
    const all = new Set([...this.#options.seeds, ...known]);
    return [...all].filter((address) => !this.#own_addresses.has(address));
  }

  /** Runs until the signal is aborted. Rejects when the node store fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { book, store, clock } = this.#options;
    book.mergeHearsay(await store.loadNodes(), 'stored');
    this.#saved_revision = book.revision;
    while (!signal.aborted) {
      this.#dialDue();
      await clock.sleep(limits.discovery_forming_pause_ms, signal);
      await this.#save();
    }
    await this.#save();
  }

  /** Tells everyone known that this replica stops; at most one call each, whatever comes of it. */
  async leave(): Promise<void> {
    const { book, call, announcement } = this.#options;
    await Promise.allSettled(
      book.dialable().map((entry) =>
        call({
          address: entry.address,
          method: 'POST',
          path: '/cluster/leave',
          body: { boot_id: announcement.boot_id },
          destination: { node_id: entry.node_id, storage_id: entry.storage_id },
        }),
      ),
    );
  }

  #isForming(): boolean {
    const { keeper, wanted, book } = this.#options;
    if (keeper.cluster_id === null) return true;
    return wanted.some(
      (node_id) => node_id !== keeper.member.node_id && book.get(node_id) === null,
    );
  }

  #dialDue(): void {
    const addresses = this.addresses();
    for (const address of this.#dials.keys()) {
      if (!addresses.includes(address)) this.#dials.delete(address);
    }
    const now_ms = this.#options.clock.nowMs();
    for (const address of addresses) {
      if (this.#running.size >= limits.discovery_calls_at_once) return;
      const dial = this.#dials.get(address) ?? { due_ms: now_ms, failures: 0, is_running: false };
      this.#dials.set(address, dial);
      if (dial.is_running || this.#dueMs(dial, now_ms) > now_ms) continue;
      this.#start(address, dial);
    }
  }

  /** Not later than what the phase allows: a cluster that is forming again does not wait. */
  #dueMs(dial: Dial, now_ms: number): number {
    return Math.min(dial.due_ms, now_ms + pauseMs(dial.failures, this.#isForming()));
  }

  #start(address: string, dial: Dial): void {
    dial.is_running = true;
    const running = this.#visit(address)
      .then(
        () => {
          if (dial.failures > 0) this.#options.logger.info({ address }, 'address answers again');
          dial.failures = 0;
        },
        (error: unknown) => {
          dial.failures += 1;
          this.#logFailure(address, dial.failures, error);
        },
      )
      .finally(() => {
        dial.is_running = false;
        dial.due_ms = this.#options.clock.nowMs() + pauseMs(dial.failures, this.#isForming());
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** At the first, second, fourth, … failure in a row. */
  #logFailure(address: string, failures: number, error: unknown): void {
    const is_power_of_two = (failures & (failures - 1)) === 0;
    if (!is_power_of_two) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.info({ address, failures, reason }, 'address does not answer');
  }

  async #visit(address: string): Promise<void> {
    const { keeper, book, call, logger } = this.#options;
    const { announcement, state } = await askWho(call, address);
    if (sameMember(state.member, keeper.member)) {
      this.#own_addresses.add(address);
      return;
    }
    if (state.member.node_id === keeper.member.node_id) {
      logger.warn({ address, other: state.member }, 'another replica runs under this NODE_ID');
      return;
    }
    const own_cluster_id = keeper.cluster_id;
    if (
      own_cluster_id !== null &&
      state.cluster_id !== null &&
      state.cluster_id !== own_cluster_id
    ) {
      throw new UnexpectedAnswerError(`${address}: belongs to cluster ${state.cluster_id}`);
    }
    book.observe(announcement, this.#sourceOf(address, announcement));
    await this.#exchangeTables(announcement);
  }

  #sourceOf(address: string, announcement: Announcement): AddressSource {
    if (this.#options.seeds.includes(address)) return 'seed';
    const known = this.#options.book.entryOf(announcement)?.source ?? 'gossip';
    return known === 'stored' ? 'gossip' : known;
  }

  /** Announces this replica when that is due, else only asks; either answer is the other's table. */
  async #exchangeTables(other: Announcement): Promise<void> {
    const { keeper, announcement, call, clock, book } = this.#options;
    const body: JoinRequestBody = { ...announcement, cluster_id: keeper.cluster_id };
    const announces = this.#mustAnnounce(other);
    const answer = await call(
      announces
        ? { address: other.address, method: 'POST', path: '/cluster/join', body, destination: null }
        : {
            address: other.address,
            method: 'GET',
            path: '/cluster/nodes',
            body: null,
            destination: { node_id: other.node_id, storage_id: other.storage_id },
          },
    );
    const parsed = nodes_answer.safeParse(answer.body);
    if (answer.status !== 200 || !parsed.success) {
      throw new UnexpectedAnswerError(`${other.address}: not a table (${answer.status})`);
    }
    if (announces) {
      this.#announced.set(other.node_id, { boot_id: other.boot_id, at_ms: clock.nowMs() });
      for (const oldest of this.#announced.keys()) {
        if (this.#announced.size <= limits.address_book_max) break;
        this.#announced.delete(oldest);
      }
    }
    book.mergeHearsay(parsed.data.nodes, 'gossip');
  }

  /** Until the cluster has formed a call for a known cluster cannot be signed. */
  #mustAnnounce(other: Announcement): boolean {
    if (this.#isForming()) return true;
    const last = this.#announced.get(other.node_id);
    if (last === undefined || last.boot_id !== other.boot_id) return true;
    return this.#options.clock.nowMs() - last.at_ms >= limits.discovery_announce_every_ms;
  }

  async #save(): Promise<void> {
    const { book, store } = this.#options;
    const { revision } = book;
    if (revision === this.#saved_revision) return;
    await store.saveNodes(book.entries);
    this.#saved_revision = revision;
  }
}

/** Doubles with every failure in a row, within the bound of the phase. */
function pauseMs(failures: number, is_forming: boolean): number {
  const base_ms = limits.discovery_forming_pause_ms;
  if (!is_forming && failures === 0) return limits.discovery_formed_pause_ms;
  const max_ms = is_forming
    ? limits.discovery_forming_retry_ms_max
    : limits.discovery_formed_pause_ms;
  return Math.min(base_ms * 2 ** Math.min(failures, 10), max_ms);
}
