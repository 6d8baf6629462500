import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Announcement } from '../discovery/address-entry.ts';
import { Bootstrapper } from '../discovery/bootstrapper.ts';
import { MembershipProposer } from '../discovery/membership-proposer.ts';
import { limits } from '../limits.ts';
import type { NodeConsensus } from './consensus.ts';
import { logPosition } from './consensus.ts';
import { callThrough, createGossip, system_clock } from './gossip.ts';
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

export function startDiscovery(options: NodeDiscoveryOptions): NodeDiscovery {
  const { config, consensus, log, onBroken } = options;
  const { group, keeper, book, transport } = consensus;
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
