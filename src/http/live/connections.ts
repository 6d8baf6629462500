import { assert } from '../../base/assert.ts';
import type { Key } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import type { LiveConnection } from './connection.ts';

const none: ReadonlySet<LiveConnection> = new Set();

/** Who is connected here, also by person: an event costs those of its audience that are. */
export class LiveConnections {
  readonly #all = new Set<LiveConnection>();
  readonly #by_user = new Map<Key, Set<LiveConnection>>();

  get all(): ReadonlySet<LiveConnection> {
    return this.#all;
  }

  ofUser(user_key: Key): ReadonlySet<LiveConnection> {
    return this.#by_user.get(user_key) ?? none;
  }

  add(connection: LiveConnection): void {
    const { user_key } = connection.session;
    this.#all.add(connection);
    const own = this.#by_user.get(user_key) ?? new Set();
    own.add(connection);
    this.#by_user.set(user_key, own);
    assert(this.#all.size <= limits.live_connections_max, 'more connections than allowed');
    assert(own.size <= limits.live_connections_per_user_max, 'more of one person than allowed');
  }

  remove(connection: LiveConnection): void {
    const { user_key } = connection.session;
    const own = this.#by_user.get(user_key);
    assert(this.#all.delete(connection), 'a connection that is not there');
    own?.delete(connection);
    if (own?.size === 0) this.#by_user.delete(user_key);
  }
}
