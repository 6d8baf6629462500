import { assert } from '../base/assert.ts';
import { effectiveClusterId } from '../consensus/bootstrap/bootstrap-state.ts';
import type { OwnBootstrapState } from '../consensus/bootstrap/bootstrap-state.ts';
import { decodePromise, encodePromise } from '../consensus/bootstrap/promise-codec.ts';
import type { BootstrapPromise } from '../consensus/bootstrap/promise.ts';
import type { ClusterId, Member, NodeId } from '../consensus/raft/configuration.ts';
import type { BootstrapLog, IdentityStore } from './ports.ts';

export type IdentityChange =
  | { readonly kind: 'hold_promise'; readonly promise: BootstrapPromise }
  | { readonly kind: 'drop_promise' }
  | { readonly kind: 'adopt_cluster'; readonly cluster_id: ClusterId };

export interface IdentityKeeperOptions {
  readonly node_id: NodeId;
  readonly store: IdentityStore;
  readonly log: Pick<BootstrapLog, 'position'>;
}

/**
 * Who this replica is, what it has promised and to which cluster it belongs. Changes are judged and made
 * durable one at a time; what is read here is on the disk.
 */
export class IdentityKeeper {
  readonly member: Member;
  readonly #store: IdentityStore;
  readonly #log: Pick<BootstrapLog, 'position'>;
  #promise: BootstrapPromise | null;
  #cluster_id: ClusterId | null;
  #is_changing = false;
  #last_change: Promise<unknown> = Promise.resolve();

  private constructor(
    options: IdentityKeeperOptions,
    member: Member,
    stored: { promise: BootstrapPromise | null; cluster_id: ClusterId | null },
  ) {
    this.#store = options.store;
    this.#log = options.log;
    this.member = member;
    this.#promise = stored.promise;
    this.#cluster_id = stored.cluster_id;
  }

  /** Rejects when the store fails or holds a promise that cannot be read. */
  static async open(options: IdentityKeeperOptions): Promise<IdentityKeeper> {
    const { storage_id, promise, cluster_id } = await options.store.read();
    const member = { node_id: options.node_id, storage_id };
    const decoded = promise === null ? null : decodePromise(promise);
    return new IdentityKeeper(options, member, { promise: decoded, cluster_id });
  }

  get promise(): BootstrapPromise | null {
    return this.#promise;
  }

  /** The cluster this replica belongs to: formed, or joined. */
  get cluster_id(): ClusterId | null {
    return this.#cluster_id;
  }

  /**
   * The cluster whose messages this replica takes and for which it signs: its own, or that of its
   * promise. Not the latter while the promise may be about to go, so that no entry slips in after the
   * log was found empty.
   */
  get effective_cluster_id(): ClusterId | null {
    const promise = this.#is_changing ? null : this.#promise;
    return effectiveClusterId({ cluster_id: this.#cluster_id, promise });
  }

  async own(): Promise<OwnBootstrapState> {
    const { last_index, commit_index } = await this.#log.position();
    return {
      member: this.member,
      promise: this.#promise,
      cluster_id: this.#cluster_id,
      last_index,
      commit_index,
    };
  }

  /**
   * Makes the change that `decide` wants, null for none, and returns it when it is on the disk. Nothing
   * else changes between the state it is shown and then.
   */
  change(
    decide: (own: OwnBootstrapState) => IdentityChange | null,
  ): Promise<IdentityChange | null> {
    const changed = this.#last_change.then(async () => {
      this.#is_changing = true;
      try {
        const change = decide(await this.own());
        if (change !== null) await this.#make(change);
        return change;
      } finally {
        this.#is_changing = false;
      }
    });
    this.#last_change = changed.catch(() => undefined);
    return changed;
  }

  async #make(change: IdentityChange): Promise<void> {
    assert(this.#cluster_id === null, 'a replica belongs to one cluster for ever');
    switch (change.kind) {
      case 'hold_promise':
        await this.#store.setPromise(encodePromise(change.promise));
        this.#promise = change.promise;
        return;
      case 'drop_promise':
        await this.#store.setPromise(null);
        this.#promise = null;
        return;
      case 'adopt_cluster':
        await this.#store.setClusterId(change.cluster_id);
        this.#cluster_id = change.cluster_id;
    }
  }
}
