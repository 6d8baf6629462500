import type { Logger } from 'pino';
import { steadyWallClockMs } from '../base/steady-wall-clock.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Announcement } from '../discovery/address-entry.ts';
import { createLive } from '../http/live/live.ts';
import type { Live } from '../http/live/live.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Replica } from '../replica/replica.ts';
import { addressesOf } from './addresses.ts';
import type { NodeConsensus } from './consensus.ts';
import type { NodeKeys } from './keys.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeLiveOptions {
  readonly storage: NodeStorage;
  readonly consensus: NodeConsensus;
  readonly announcement: Announcement;
  readonly replica: Replica;
  readonly keys: NodeKeys;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Live updates from what this replica applies. */
export function createNodeLive(options: NodeLiveOptions): Live {
  const { storage, consensus, announcement, replica, keys, clock, metrics, log } = options;
  return createLive({
    replica,
    log,
    metrics,
    secrets: keys.api,
    now_ms: Date.now,
    addresses: () => addressesOf(announcement, consensus, steadyWallClockMs()),
    feed: storage.change_feed,
    clock,
    onLeadershipChange: (listener) => consensus.group.onChange(listener),
  });
}
