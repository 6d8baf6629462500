import { must } from '../../src/base/assert.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { AddressBook } from '../../src/discovery/address-book.ts';
import type { AddressEntry, Announcement } from '../../src/discovery/address-entry.ts';
import { Bootstrapper } from '../../src/discovery/bootstrapper.ts';
import { IdentityKeeper } from '../../src/discovery/identity-keeper.ts';
import type {
  BootstrapLog,
  Call,
  DiscoveryClock,
  IdentityStore,
  NodeStore,
} from '../../src/discovery/ports.ts';
import { clusterRoutes } from '../../src/discovery/routes.ts';
import { SeedGossip } from '../../src/discovery/seed-gossip.ts';

/** What survives a restart. */
export interface FakeDisk {
  readonly storage_id: string;
  cluster_id: string | null;
  promise: string | null;
  log: Configuration | null;
  commit_index: number;
  nodes: readonly AddressEntry[];
}

let minted = 0;

function mint(prefix: string): string {
  minted += 1;
  return `${prefix}${minted}`;
}

export function emptyDisk(): FakeDisk {
  return {
    storage_id: mint('s'),
    cluster_id: null,
    promise: null,
    log: null,
    commit_index: 0,
    nodes: [],
  };
}

/** As raft.db: asynchronous, durable when it resolves. */
export function identityStore(disk: FakeDisk): IdentityStore {
  return {
    read: async () => ({ ...disk }),
    async setPromise(promise) {
      await tick();
      disk.promise = promise;
    },
    async setClusterId(cluster_id) {
      await tick();
      if (disk.cluster_id !== null && disk.cluster_id !== cluster_id) throw new Error('belongs');
      disk.cluster_id = cluster_id;
    },
  };
}

function nodeStore(disk: FakeDisk): NodeStore {
  return {
    loadNodes: async () => disk.nodes,
    async saveNodes(entries) {
      disk.nodes = entries;
    },
  };
}

export const silent_logger = { info: () => undefined, warn: () => undefined };

function tick(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** So many times as fast as real time. */
const SPEED = 20;

const fast_clock: DiscoveryClock = {
  nowMs: () => Math.floor(performance.now() * SPEED) + 1_000_000,
  sleep: (pause_ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pause_ms / SPEED);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

interface Endpoint {
  readonly source: Member;
  readonly boot_id: string;
  readonly serve: (from: Endpoint, method: string, path: string, body: unknown) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Replicas in one process; the signature is taken for granted. */
export class FakeNetwork {
  readonly #endpoints = new Map<string, Endpoint>();
  /** Every address that was dialled. */
  readonly dialled = new Set<string>();
  linked: (from: string, to: string, path: string) => boolean = () => true;

  listen(address: string, endpoint: Endpoint): void {
    this.#endpoints.set(address, endpoint);
  }

  close(address: string): void {
    this.#endpoints.delete(address);
  }

  callFrom(from: Endpoint): Call {
    return async ({ address, method, path, body, destination }) => {
      this.dialled.add(address);
      await tick();
      const to = this.#endpoints.get(address);
      if (to === undefined) throw new Error(`getaddrinfo ENOTFOUND ${address}`);
      const is_linked = this.linked(from.source.node_id, to.source.node_id, path);
      if (!is_linked) throw new Error('timeout');
      if (destination !== null && destination.storage_id !== to.source.storage_id) {
        throw new Error('wrong destination');
      }
      const copy: unknown = body === null ? undefined : JSON.parse(JSON.stringify(body));
      const answer = await to.serve(from, method, path, copy);
      await tick();
      if (this.#endpoints.get(address) !== to) throw new Error('gone');
      return {
        status: answer.status,
        body: JSON.parse(JSON.stringify(answer.body)) as unknown,
        responder: to.source,
        boot_id: to.boot_id,
      };
    };
  }
}

export interface FakeReplicaOptions {
  readonly network: FakeNetwork;
  readonly node_id: string;
  readonly disk: FakeDisk;
  readonly wanted: readonly string[];
  readonly seeds: readonly string[];
  readonly voters_wanted?: number;
  /** By default that of its node id. */
  readonly address?: string;
  readonly public_url?: string;
}

/** Discovery and bootstrap as the process composes them; its consensus commits what it is given. */
export class FakeReplica {
  readonly options: FakeReplicaOptions;
  readonly book: AddressBook;
  readonly gossip: SeedGossip;
  readonly keeper: IdentityKeeper;
  readonly announcement: Announcement;
  first_entries_written = 0;
  readonly #bootstrapper: Bootstrapper;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(options: FakeReplicaOptions, keeper: IdentityKeeper) {
    const { network, node_id, disk, wanted, seeds } = options;
    this.options = options;
    this.keeper = keeper;
    const address = options.address ?? `${node_id}:8080`;
    this.announcement = {
      ...keeper.member,
      boot_id: mint('b'),
      address,
      api_url: `http://${address}`,
      public_url: options.public_url ?? null,
    };
    const clock = fast_clock;
    const { announcement } = this;
    this.book = new AddressBook({ own_node_id: node_id, nowMs: () => clock.nowMs() });
    const { book } = this;
    const routes = clusterRoutes({
      keeper,
      book,
      announcement,
      wanted,
      nowMs: () => clock.nowMs(),
      logger: silent_logger,
    });
    const endpoint: Endpoint = {
      source: keeper.member,
      boot_id: announcement.boot_id,
      async serve(from, method, path, body) {
        const route = routes.find((each) => each.method === method && each.path === path);
        return must(route, `no route ${method} ${path}`).handle({
          envelope: envelopeOf(from),
          body,
        });
      },
    };
    network.listen(address, endpoint);
    const call = network.callFrom(endpoint);
    this.gossip = new SeedGossip({
      seeds,
      wanted,
      announcement,
      keeper,
      book,
      call,
      clock,
      store: nodeStore(disk),
      logger: silent_logger,
    });
    this.#bootstrapper = new Bootstrapper({
      keeper,
      wanted,
      call,
      clock,
      voters_wanted: options.voters_wanted ?? wanted.length,
      addresses: () => this.gossip.addresses(),
      log: this.#log(),
      mintClusterId: () => mint('c'),
      logger: silent_logger,
    });
    const { signal } = this.#stopping;
    this.#running = Promise.all([this.gossip.run(signal), this.#bootstrapper.run(signal)]);
  }

  static async start(options: FakeReplicaOptions): Promise<FakeReplica> {
    const log = { position: async () => positionOf(options.disk) };
    const { node_id, disk } = options;
    const keeper = await IdentityKeeper.open({ node_id, store: identityStore(disk), log });
    return new FakeReplica(options, keeper);
  }

  async stop(): Promise<void> {
    this.options.network.close(this.announcement.address);
    this.#stopping.abort();
    await this.#running;
  }

  /** Entry 1 arrives from its leader and is committed. */
  receiveFirstEntry(configuration: Configuration): void {
    const { disk } = this.options;
    if (this.keeper.effective_cluster_id !== configuration.cluster_id) return;
    disk.log ??= configuration;
    disk.commit_index = 1;
  }

  #log(): BootstrapLog {
    const { disk } = this.options;
    return {
      position: async () => positionOf(disk),
      writeFirstEntry: async (configuration) => {
        if (disk.log !== null) throw new Error('a first entry over a log');
        disk.log = configuration;
        this.first_entries_written += 1;
        await tick();
      },
    };
  }
}

function positionOf(disk: FakeDisk): { last_index: number; commit_index: number } {
  return { last_index: disk.log === null ? 0 : 1, commit_index: disk.commit_index };
}

function envelopeOf(from: Endpoint) {
  return {
    key_id: 'k',
    cluster_id: '',
    source: from.source,
    source_boot_id: from.boot_id,
    destination: null,
    destination_boot_id: '',
    group_id: '',
    timestamp_ms: 0,
    counter: 1,
    body_sha256: '',
  };
}

/** Waits for a condition. The bound is for what has failed, not for what is slow. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const give_up_ms = performance.now() + 90_000;
  while (!condition()) {
    if (performance.now() > give_up_ms) throw new Error(`never: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}
