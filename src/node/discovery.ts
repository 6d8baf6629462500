import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Announcement } from '../discovery/address-entry.ts';
import { Bootstrapper } from '../discovery/bootstrapper.ts';
import { MembershipProposer } from '../discovery/membership-proposer.ts';
import type { Call, DiscoveryClock, NodeStore } from '../discovery/ports.ts';
import { SeedGossip } from '../discovery/seed-gossip.ts';
import { limits } from '../limits.ts';
import { isDiskFull } from '../storage/disk-full.ts';
import type { NodeConsensus } from './consensus.ts';
import type { NodePeers } from './peers.ts';
import { logPosition } from './consensus.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeDiscoveryOptions {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly consensus: NodeConsensus;
  readonly announcement: Announcement;
  readonly log: Logger;
  readonly onBroken: (error: unknown) => void;
}

/** Finding the others, and becoming one cluster with them. */
export interface NodeDiscovery {
  /** Tells the others that this replica stops, and stops looking for them. */
  stop(): Promise<void>;
}

const system_clock: DiscoveryClock = {
  nowMs: Date.now,
  async sleep(pause_ms, signal) {
    await sleep(pause_ms, undefined, { signal }).catch(() => {
      // Aborted: the pause is over.
    });
  },
};

export function startDiscovery(options: NodeDiscoveryOptions): NodeDiscovery {
  const { config, consensus, log, onBroken } = options;
  const { group, keeper, transport } = consensus;
  const gossip = createGossip({ ...options, ...consensus });
  const call = callThrough(transport);
  const bootstrapper = new Bootstrapper({
    keeper,
    wanted: config.cluster_members,
    voters_wanted: config.replication_factor,
    addresses: () => gossip.addresses(),
    call,
    log: {
      position: () => Promise.resolve(logPosition(group)),
      writeFirstEntry(configuration) {
        group.bootstrap(configuration);
        return Promise.resolve();
      },
    },
    mintClusterId: randomUUID,
    clock: system_clock,
    logger: log,
  });
  const proposer = new MembershipProposer({
    book,
    call,
    port: {
      configuration: () => (group.state.role === 'leader' ? group.configuration : null),
      change: (change) => group.changeMembership(change, limits.membership_change_ms),
    },
    clock: system_clock,
    logger: log,
  });
  const ending = new AbortController();
  const { signal } = ending;
  const running = Promise.all([gossip.run(signal), bootstrapper.run(signal), proposer.run(signal)]);
  running.catch(onBroken);
  return {
    async stop() {
      await gossip.leave();
      ending.abort();
      await running;
    },
  };
}

export interface GossipOptions extends Pick<NodePeers, 'keeper' | 'book' | 'transport'> {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly announcement: Announcement;
  readonly log: Logger;
}

/** What fills the address book. */
export function createGossip(options: GossipOptions): SeedGossip {
  const { config, storage, announcement, log, keeper, book, transport } = options;
  const store: NodeStore = {
    loadNodes: () => Promise.resolve(storage.node_database.loadNodes()),
    saveNodes(entries) {
      try {
        storage.node_database.saveNodes(entries);
      } catch (error) {
        // The book is in memory, and is saved again when it changes.
        if (!isDiskFull(error)) throw error;
        log.warn('no space to save the address book');
      }
      return Promise.resolve();
    },
  };
  return new SeedGossip({
    seeds: config.discovery.seeds,
    wanted: config.cluster_members,
    announcement,
    keeper,
    book,
    call: callThrough(transport),
    store,
    clock: system_clock,
    logger: log,
  });
}

function callThrough(transport: NodePeers['transport']): Call {
  return ({ address, method, path, body, destination }) =>
    transport.call(
      address,
      method,
      path,
      body ?? undefined,
      destination === null ? {} : { destination },
    );
}
