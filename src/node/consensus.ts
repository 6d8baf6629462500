import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { seededPrng } from '../base/prng.ts';
import type { Config } from '../config.ts';
import { Group } from '../consensus/group.ts';
import type { FailedPart } from '../consensus/group-options.ts';
import type { Clock, Observer } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Identity } from '../consensus/rpc/identity.ts';
import { createKeyring } from '../consensus/rpc/keyring.ts';
import type { Keyring } from '../consensus/rpc/keyring.ts';
import { RpcTransport } from '../consensus/rpc/transport.ts';
import { AddressBook } from '../discovery/address-book.ts';
import { IdentityKeeper } from '../discovery/identity-keeper.ts';
import { readTlsTrust } from './tls-trust.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeConsensusOptions {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly cluster_secret: string;
  readonly group_id: string;
  readonly boot_id: string;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly log: Logger;
  readonly onFailed: (part: FailedPart, error: unknown) => void;
}

/** The Raft group of this replica, and what it needs to talk to the others. */
export interface NodeConsensus {
  readonly self: Member;
  readonly group: Group;
  readonly keeper: IdentityKeeper;
  readonly book: AddressBook;
  readonly transport: RpcTransport;
  readonly keyring: Keyring;
  readonly identity: Identity;
  /** Before this replica has a log, only the members of its promise may speak to it. */
  acceptsFrom(from: Member): boolean;
}

/** How finely time is counted; timeouts are several of these apart, so that elections rarely split. */
export const TICK_MS = 10;

export async function openConsensus(options: NodeConsensusOptions): Promise<NodeConsensus> {
  const { config, storage, cluster_secret, group_id, boot_id, clock, onFailed } = options;
  const self: Member = { node_id: config.node_id, storage_id: storage.storage_id };
  const book = new AddressBook({ own_node_id: self.node_id, nowMs: Date.now });
  const keyring = createKeyring([cluster_secret]);
  let keeper: IdentityKeeper | null = null;
  const identity: Identity = {
    ...self,
    boot_id,
    clusterId: () => keeper?.effective_cluster_id ?? null,
  };
  const transport = new RpcTransport({
    identity,
    keyring,
    nowMs: Date.now,
    addressOf: (node_id) => book.dialableAddress(node_id),
    ...readTlsTrust(config.tls),
  });
  const group = await Group.open({
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
    onFailed,
  });
  keeper = await IdentityKeeper.open({
    node_id: self.node_id,
    store: storage.log_store.identity,
    log: { position: () => Promise.resolve(logPosition(group)) },
  });
  const { promise } = keeper;
  if (promise !== null) options.log.debug({ cluster_id: promise.cluster_id }, 'a promise is held');
  const opened_keeper = keeper;
  return {
    self,
    group,
    keeper: opened_keeper,
    book,
    transport,
    keyring,
    identity,
    acceptsFrom(from) {
      if (opened_keeper.effective_cluster_id === null) return false;
      if (group.configuration !== null || opened_keeper.cluster_id !== null) return true;
      return opened_keeper.promise?.members.some((member) => sameMember(member, from)) === true;
    },
  };
}

/** What a bootstrap may know of the log: every entry handed to it counts. */
export function logPosition(group: Group): { last_index: number; commit_index: number } {
  const { log, commit_index } = group.state;
  return { last_index: log.last_index, commit_index };
}
