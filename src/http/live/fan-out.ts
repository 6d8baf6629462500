import { assert } from '../../base/assert.ts';
import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';
import type { ChangeFeed, FeedItem } from '../../replica/change-feed.ts';
import { catchUp } from './catch-up.ts';
import type { Channel } from './channel.ts';
import type { LiveConnection, Subscription } from './connection.ts';
import type { LiveConnections } from './connections.ts';
import { formatCursor } from './cursor.ts';
import type { Lineage } from './cursor.ts';
import { indexAt, positionOf } from './position.ts';
import type { Position } from './position.ts';
import { encodeMessage } from './server-message.ts';
import type { SlicedWork, Steps } from './sliced-work.ts';
import { Telling } from './telling.ts';

export interface FanOutOptions {
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'subscribe'>;
  readonly connections: LiveConnections;
  readonly lineage: () => Lineage;
  readonly work: SlicedWork;
  readonly clock: Pick<Clock, 'after'>;
  /** Something was sent to it; so many messages that were events. */
  readonly onSent: (connection: LiveConnection, events: number) => void;
  /** It cannot be told what it missed: it must be ended. */
  readonly onBroken: (connection: LiveConnection, error: unknown) => void;
}

/** Names of an audience that are looked up in one step. */
const NAMES_PER_STEP = 64;

/**
 * Tells clients what the replica's change feed brings: each event once on each of their channels that it
 * belongs to, in the order of the log. Who comes with a cursor gets what was since, beside what is told to
 * all others, and joins them when there is nothing left. What the feed has lost is made good by `resync`.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #stopFollowing: () => void;
  readonly #catching_up = new Set<LiveConnection>();
  /** Live channels were told all before this, and are told what is between it and `#through`. */
  #done: Position;
  /** Of the event that is being told, its end. */
  #through: Position;
  /** Nobody is told what was before this; null: there is no gap that somebody has to be told of. */
  #gap_ends: Position | null = null;
  #is_following = false;
  #is_catching_up = false;
  #stopPause: () => void = () => undefined;

  constructor(options: FanOutOptions) {
    const { feed } = options;
    this.#options = options;
    this.#done = this.#through = positionOf(feed.cursor + 1);
    this.#stopFollowing = feed.subscribe(
      () => this.#follow(),
      () => {
        this.#gap_ends = this.#now;
        this.#follow();
      },
    );
  }

  stop(): void {
    this.#stopFollowing();
    this.#stopPause();
  }

  /**
   * Adds channels to a connection, after what the client has (null: from now on; ahead of this replica:
   * from there on). True when something is missing, so that it must be told to read anew.
   */
  subscribe(
    connection: LiveConnection,
    channels: ReadonlyMap<string, Channel>,
    after: Position | null,
  ): { readonly from: Position; readonly is_missing: boolean } {
    const is_missing = after !== null && after < this.#frontier && this.#isLost(after);
    const from = after === null || is_missing ? this.#newest(connection) : after;
    const is_live = from >= this.#frontier;
    for (const [name, channel] of channels) {
      connection.subscribe({ name, channel, next: from, is_live });
    }
    if (!is_live) {
      this.#catching_up.add(connection);
      this.#catchUp();
    }
    return { from, is_missing };
  }

  forget(connection: LiveConnection): void {
    this.#catching_up.delete(connection);
  }

  /** Up to where the client has everything; null while it still gets what it missed. */
  cursorOf(connection: LiveConnection): Position | null {
    if (this.#catching_up.has(connection)) return null;
    const told = Math.max(this.#is_following ? this.#done : this.#now, connection.told_through);
    let ahead = Number.POSITIVE_INFINITY;
    for (const { next } of connection.subscriptions.values()) ahead = Math.min(ahead, next);
    return ahead === Number.POSITIVE_INFINITY ? told : Math.max(told, ahead);
  }

  /** After all that is applied here. */
  get #now(): Position {
    return positionOf(this.#options.feed.cursor + 1);
  }

  /** Who has everything before this is told with all others from here on. */
  get #frontier(): Position {
    return this.#is_following ? this.#through : this.#now;
  }

  /** A client that has seen another replica's later state wants nothing from before that. */
  #newest({ subscriptions }: LiveConnection): Position {
    return [...subscriptions.values()].reduce(
      (newest, { next }) => Math.max(newest, next),
      this.#now,
    );
  }

  #isLost(after: Position): boolean {
    return this.#options.feed.since(indexAt(after) - 1) === 'too_old';
  }

  #follow(): void {
    if (this.#is_following) return;
    this.#is_following = true;
    this.#options.work.add(this.#followSteps());
  }

  *#followSteps(): Steps {
    const { feed } = this.#options;
    try {
      for (;;) {
        yield* this.#tellOfGap();
        const items = feed.since(indexAt(this.#through) - 1);
        if (items === 'too_old') {
          this.#gap_ends = this.#now;
          continue;
        }
        if (items.length === 0) break;
        for (const item of items) {
          yield* this.#tellItem(item);
          if (this.#gap_ends !== null) break;
        }
      }
      this.#done = this.#through = this.#now;
    } catch (error) {
      // Nobody knows who was told what.
      this.#gap_ends = this.#now;
      throw error;
    } finally {
      this.#is_following = false;
    }
  }

  *#tellItem({ index, events }: FeedItem): Steps {
    assert(positionOf(index) >= this.#through, 'an entry is told once');
    const lineage = this.#options.lineage();
    for (const [at, event] of events.entries()) {
      const telling = new Telling(lineage, index, at, event);
      this.#through = telling.after;
      yield* this.#tellEvent(telling);
      if (this.#gap_ends !== null) return;
      this.#done = this.#through;
    }
    this.#done = this.#through = positionOf(index + 1);
  }

  *#tellEvent(telling: Telling): Steps {
    const { connections } = this.#options;
    const { audience } = telling.event;
    if (audience === null) yield* this.#tellThose(telling, connections.all);
    let looked_up = 0;
    for (const user_key of audience ?? []) {
      yield* this.#tellThose(telling, connections.ofUser(user_key));
      looked_up += 1;
      if (looked_up % NAMES_PER_STEP === 0) yield;
      if (this.#gap_ends !== null) return;
    }
  }

  *#tellThose(telling: Telling, those: ReadonlySet<LiveConnection>): Steps {
    for (const connection of those) {
      const sent = telling.tell(connection, 'live');
      if (sent > 0) this.#options.onSent(connection, sent);
      yield;
      if (this.#gap_ends !== null) return;
    }
  }

  /** Whatever begins before the end of the gap begins there now, and its client is told. */
  *#tellOfGap(): Steps {
    while (this.#gap_ends !== null) {
      const ends = this.#gap_ends;
      this.#gap_ends = null;
      this.#done = this.#through = ends;
      for (const connection of this.#options.connections.all) {
        const lost = [...connection.subscriptions.values()].filter(({ next }) => next < ends);
        if (lost.length > 0) this.#resync(connection, lost, ends);
        yield;
        if (this.#gap_ends !== null) break;
      }
    }
  }

  #resync(connection: LiveConnection, lost: readonly Subscription[], from: Position): void {
    for (const subscription of lost) {
      subscription.next = from;
      subscription.is_live = true;
    }
    connection.generation += 1;
    if (connection.behind().length === 0) this.#catching_up.delete(connection);
    const channels = lost.map(({ name }) => name);
    const cursor = formatCursor(this.#options.lineage(), from);
    connection.socket.send(encodeMessage({ type: 'resync', channels, cursor }));
    this.#options.onSent(connection, 0);
  }

  #catchUp(): void {
    if (this.#is_catching_up) return;
    this.#is_catching_up = true;
    this.#stopPause();
    this.#options.work.add(this.#catchUpSteps());
  }

  *#catchUpSteps(): Steps {
    try {
      let has_moved = true;
      while (has_moved && this.#catching_up.size > 0) {
        has_moved = false;
        for (const connection of this.#catching_up) {
          yield;
          if (!connection.is_open || isFull(connection)) continue;
          has_moved = true;
          yield* this.#catchUpOne(connection);
        }
      }
    } finally {
      this.#is_catching_up = false;
    }
    if (this.#catching_up.size === 0) return;
    const { clock } = this.#options;
    this.#stopPause = clock.after(limits.live_catch_up_pause_ms, () => this.#catchUp());
  }

  *#catchUpOne(connection: LiveConnection): Steps {
    const { feed, lineage, onSent, onBroken } = this.#options;
    try {
      const outcome = yield* catchUp(connection, {
        feed,
        lineage: lineage(),
        frontier: () => this.#frontier,
        isFull: () => isFull(connection),
        onSent: (events) => onSent(connection, events),
      });
      if (outcome === 'lost') this.#resync(connection, connection.behind(), this.#now);
      if (outcome === 'whole') this.#catching_up.delete(connection);
    } catch (error) {
      onBroken(connection, error);
    }
  }
}

/** So much waits to be sent that what comes next waits here. */
function isFull({ socket }: LiveConnection): boolean {
  return socket.buffered_bytes > limits.live_catch_up_buffered_bytes;
}
