import type { LogIndex } from './raft/entry.ts';
import type { Freshness } from './raft/message.ts';

/**
 * How old this replica's applied state is. The leader tells: "once you have applied this index, your state
 * is as new as your own clock was then" (see `raft/rounds.ts`).
 */
export class StateAge {
  /** Ascending in both fields; the first is the newest that is applied. */
  #told: Freshness[] = [];
  readonly #started_ms: number;

  constructor(started_ms: number) {
    this.#started_ms = started_ms;
  }

  /** `now_ms` guards against an echo of another boot's clock. */
  told(freshness: Freshness, now_ms: number): void {
    if (freshness.echo_ms < this.#started_ms || freshness.echo_ms > now_ms) return;
    const newest = this.#told.at(-1);
    if (newest !== undefined && freshness.echo_ms <= newest.echo_ms) return;
    if (newest !== undefined && freshness.commit_index === newest.commit_index) this.#told.pop();
    this.#told.push(freshness);
    if (this.#told.length > TOLD_MAX) this.#told.splice(1, 1);
  }

  /** Milliseconds; null: nobody has told since the start, or what was told is not applied yet. */
  ageMs(applied_index: LogIndex, now_ms: number): number | null {
    const newest_applied = this.#told.findLastIndex((one) => one.commit_index <= applied_index);
    const newest = this.#told[newest_applied];
    if (newest === undefined) return null;
    this.#told.splice(0, newest_applied);
    return Math.max(0, now_ms - newest.echo_ms);
  }
}

/** Of what is told and not applied yet, so many are remembered. */
const TOLD_MAX = 64;
