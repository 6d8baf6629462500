import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { steadyWallClockMs } from '../base/steady-wall-clock.ts';
import type { Config } from '../config.ts';
import type { Announcement } from '../discovery/address-entry.ts';
import type { Call, DiscoveryClock, NodeStore } from '../discovery/ports.ts';
import { SeedGossip } from '../discovery/seed-gossip.ts';
import { isDiskFull } from '../storage/disk-full.ts';
import type { NodePeers } from './peers.ts';
import type { NodeStorage } from './storage.ts';

export const system_clock: DiscoveryClock = {
  nowMs: steadyWallClockMs,
  async sleep(pause_ms, signal) {
    await sleep(pause_ms, undefined, { signal }).catch(() => {
      // Aborted: the pause is over.
    });
  },
};

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

/** What discovery says goes through here. */
export function callThrough(transport: NodePeers['transport']): Call {
  return ({ address, method, path, body, destination }) =>
    transport.call(
      address,
      method,
      path,
      body ?? undefined,
      destination === null ? {} : { destination },
    );
}
