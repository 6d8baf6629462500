import { assert } from '../base/assert.ts';
import type { AgendaEvent } from '../agenda/event.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import { limits } from '../limits.ts';

/** The events of one log entry. */
export interface FeedItem {
  /** The cursor: equal on every replica. */
  readonly index: LogIndex;
  readonly events: readonly AgendaEvent[];
}

export type FeedListener = (item: FeedItem) => void;

export interface ChangeFeedOptions {
  /** The applied index at the start: what was before is not in the feed. */
  readonly start_index: LogIndex;
  /** Told what a listener threw; the others are served all the same. */
  readonly onListenerError: (error: unknown) => void;
  readonly events_max?: number;
  readonly audience_max?: number;
}

/**
 * What was applied here, for those who follow it. A bounded ring of the latest events with the log index
 * as cursor, so that a subscriber which loses its replica goes on at another without a gap.
 */
export class ChangeFeed {
  /** With whom to tell of a gap. */
  readonly #listeners = new Map<FeedListener, () => void>();
  readonly #onListenerError: (error: unknown) => void;
  readonly #events_max: number;
  readonly #audience_max: number;
  /** Ascending by index; the first `#head` items are dropped already. */
  #items: FeedItem[] = [];
  #head = 0;
  #events = 0;
  /** Names in all audiences. */
  #audience = 0;
  /** Everything after this index is in the ring. */
  #complete_after: LogIndex;
  #cursor: LogIndex;

  constructor(options: ChangeFeedOptions) {
    this.#complete_after = options.start_index;
    this.#cursor = options.start_index;
    this.#onListenerError = options.onListenerError;
    this.#events_max = options.events_max ?? limits.change_feed_events_max;
    this.#audience_max = options.audience_max ?? limits.change_feed_audience_max;
    assert(this.#events_max >= 1, 'a feed without room');
    assert(this.#audience_max >= 1, 'a feed without room for names');
  }

  /** Up to where the feed is complete: the last applied index it was told of. */
  get cursor(): LogIndex {
    return this.#cursor;
  }

  /**
   * Called after the commit, in log order. Entries without events only move the cursor. Listeners run
   * here, one after the other, and cannot throw into the caller.
   */
  publish(index: LogIndex, events: readonly AgendaEvent[]): void {
    assert(index >= this.#cursor, 'the change feed went backwards');
    this.#cursor = index;
    if (events.length === 0) return;
    const item: FeedItem = { index, events };
    this.#items.push(item);
    this.#events += events.length;
    this.#audience += namesIn(item);
    this.#dropOldest();
    for (const listener of this.#listeners.keys()) this.#tell(() => listener(item));
  }

  /**
   * The state is that of `index` now, and what happened up to there is not known here: whoever follows
   * must read anew.
   */
  skipTo(index: LogIndex): void {
    assert(index > this.#cursor, 'the change feed went backwards');
    this.#cursor = index;
    this.#complete_after = index;
    this.#items = [];
    this.#head = 0;
    this.#events = 0;
    this.#audience = 0;
    for (const onGap of this.#listeners.values()) this.#tell(onGap);
  }

  /**
   * Calls back for every entry with events from now on, until the returned function is called; `onGap`
   * when there are some that nobody will be told of.
   */
  subscribe(listener: FeedListener, onGap: () => void): () => void {
    assert(!this.#listeners.has(listener), 'subscribed twice');
    this.#listeners.set(listener, onGap);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * What came after the cursor, ascending; `too_old` when some of it is no longer here. A cursor ahead
   * of this replica (taken from a faster one) gives nothing yet.
   */
  since(cursor: LogIndex): readonly FeedItem[] | 'too_old' {
    if (cursor < this.#complete_after) return 'too_old';
    let from = this.#items.length;
    while (from > this.#head && (this.#items[from - 1]?.index ?? 0) > cursor) from -= 1;
    return this.#items.slice(from);
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onListenerError(error);
    }
  }

  /** The newest item stays even when it alone is larger than the bound: it is one entry's. */
  #dropOldest(): void {
    const isFull = (): boolean =>
      this.#events > this.#events_max || this.#audience > this.#audience_max;
    while (isFull() && this.#head < this.#items.length - 1) {
      const dropped = this.#items[this.#head];
      assert(dropped !== undefined, 'a hole in the change feed');
      this.#events -= dropped.events.length;
      this.#audience -= namesIn(dropped);
      this.#complete_after = dropped.index;
      this.#head += 1;
    }
    if (this.#head > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

function namesIn({ events }: FeedItem): number {
  return events.reduce((sum, { audience }) => sum + (audience?.length ?? 0), 0);
}
