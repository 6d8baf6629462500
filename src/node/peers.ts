import { steadyWallClockMs } from '../base/steady-wall-clock.ts';
import type { Config } from '../config.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { Identity } from '../consensus/rpc/identity.ts';
import { createKeyring } from '../consensus/rpc/keyring.ts';
import type { Keyring } from '../consensus/rpc/keyring.ts';
import { RpcTransport } from '../consensus/rpc/transport.ts';
import { AddressBook } from '../discovery/address-book.ts';
import { IdentityKeeper } from '../discovery/identity-keeper.ts';
import type { NodeStorage } from './storage.ts';
import { readTlsTrust } from './tls-trust.ts';

export interface NodePeersOptions {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly cluster_secret: string;
  readonly boot_id: string;
  /** What a bootstrap may know of the log; asked whenever it is needed. */
  readonly logPosition: () => { readonly last_index: LogIndex; readonly commit_index: LogIndex };
}

/** Who this replica is, and how it talks to the others. */
export interface NodePeers {
  readonly self: Member;
  readonly keeper: IdentityKeeper;
  readonly book: AddressBook;
  readonly transport: RpcTransport;
  readonly keyring: Keyring;
  readonly operator_keyring: Keyring;
  readonly identity: Identity;
}

export async function openPeers(options: NodePeersOptions): Promise<NodePeers> {
  const { config, storage, cluster_secret, boot_id, logPosition } = options;
  const self: Member = { node_id: config.node_id, storage_id: storage.storage_id };
  const book = new AddressBook({ own_node_id: self.node_id, nowMs: steadyWallClockMs });
  const keyring = createKeyring([cluster_secret]);
  const keeper = await IdentityKeeper.open({
    node_id: self.node_id,
    store: storage.log_store.identity,
    log: { position: () => Promise.resolve(logPosition()) },
  });
  const identity: Identity = {
    ...self,
    boot_id,
    clusterId: () => keeper.effective_cluster_id,
  };
  const transport = new RpcTransport({
    identity,
    keyring,
    nowMs: Date.now,
    addressOf: (member) => book.dialableAddress(member),
    ...readTlsTrust(config.tls),
  });
  const operator_keyring = createKeyring([cluster_secret], 'operator');
  return { self, keeper, book, transport, keyring, operator_keyring, identity };
}
