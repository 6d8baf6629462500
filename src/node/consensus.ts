import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { seededPrng } from '../base/prng.ts';
import type { Config } from '../config.ts';
import { Group } from '../consensus/group.ts';
import type { FailedPart } from '../consensus/group-options.ts';
import type { Clock, Observer } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { Metrics } from '../http/metrics.ts';
import { createEntrySource } from './entry-exchange.ts';
import { openPeers } from './peers.ts';
import type { NodePeers } from './peers.ts';
import { loadWholeLog, repairObserver } from './repair.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeConsensusOptions {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly cluster_secret: string;
  readonly group_id: string;
  readonly boot_id: string;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly onApplyStalled: (why: Error | null) => void;
  readonly onFailed: (part: FailedPart, error: unknown) => void;
}

/** The Raft group of this replica, and what it needs to talk to the others. */
export interface NodeConsensus extends NodePeers {
  readonly group: Group;
  /** Before this replica has a log, only the members of its promise may speak to it. */
  acceptsFrom(from: Member): boolean;
}

/** How finely time is counted; timeouts are several of these apart, so that elections rarely split. */
export const TICK_MS = 10;

/** @throws {StartRefused} the log is damaged, and cannot be repaired */
export async function openConsensus(options: NodeConsensusOptions): Promise<NodeConsensus> {
  const { config, storage, group_id, clock, metrics, log } = options;
  let position = { last_index: 0, commit_index: 0 };
  let opened: Group | null = null;
  const peers = await openPeers({
    ...options,
    logPosition: () => (opened === null ? position : logPosition(opened)),
  });
  const { self, keeper, transport, book } = peers;
  const source = createEntrySource({
    transport,
    book,
    group_id,
    is_alone: config.cluster_members.length === 1 && config.discovery.seeds.length === 0,
  });
  const stored = await loadWholeLog({
    ...options,
    peers,
    source,
    onLoaded: (loaded) => {
      position = loaded;
    },
  });
  const group = await Group.open(
    {
      group_id,
      self,
      election_timeout_ms: config.election_timeout_ms,
      heartbeat_ms: config.heartbeat_ms,
      tick_ms: TICK_MS,
      priority: config.leader_priority,
      store: storage.log_store.store,
      transport: transport.forGroup(group_id),
      state_machine: storage.state_machine,
      clock,
      prng: seededPrng(randomInt(2 ** 32)),
      observer: options.observer,
      snapshots: {
        store: storage.snapshot_store,
        durableIndex: () => storage.checkpointer.durableIndex(),
        kept_entries: config.snapshot_entries,
      },
      repair: { source, observer: repairObserver(log, metrics) },
      onApplyStalled: options.onApplyStalled,
      onFailed: options.onFailed,
    },
    stored,
  );
  opened = group;
  const { promise } = keeper;
  if (promise !== null) log.debug({ cluster_id: promise.cluster_id }, 'a promise is held');
  return {
    ...peers,
    group,
    acceptsFrom(from) {
      if (keeper.effective_cluster_id === null) return false;
      if (group.configuration !== null || keeper.cluster_id !== null) return true;
      return keeper.promise?.members.some((member) => sameMember(member, from)) === true;
    },
  };
}

/** What a bootstrap may know of the log: every entry handed to it counts. */
export function logPosition(group: Group): { last_index: LogIndex; commit_index: LogIndex } {
  const { log, commit_index } = group.state;
  return { last_index: log.last_index, commit_index };
}
