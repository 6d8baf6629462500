import type { Member } from './configuration.ts';
import type { LogIndex } from './entry.ts';

/**
 * What a leader knows of one other member (thesis §10.2: one growing batch in flight to each).
 *
 *     probe ──success──▶ replicate
 *      ▲ │                   │
 *      │ └─ cut off ──▶ snapshot ──installed──▶ replicate
 *      └─ refusal, failure ─┘
 *
 * probe: it is not known where the logs agree; empty appends find out.
 * replicate: they agree up to next_index − 1; whatever is newer is sent as one batch.
 * snapshot: the log is cut at next_index or later; no append helps before a snapshot is there.
 */
export interface Progress {
  readonly member: Member;
  state: 'probe' | 'replicate' | 'snapshot';
  /** Durable there, and equal to ours, up to here. Invariant: match_index < next_index. */
  match_index: LogIndex;
  next_index: LogIndex;
  /** The append on its way, if any: nothing else is sent before its answer or failure. */
  append_in_flight: number | null;
  /** After a failure, nothing is sent before this tick or a sign of life. */
  paused_until_tick: number;
  /** When the last append went out. */
  append_sent_tick: number;
  /** The commit index it was last told. */
  commit_told: LogIndex;
  /** Its log is whole and its state is lost: it needs a state of this index or later; 0: it does not. */
  needs_snapshot_from: LogIndex;
  /** The driver is sending one. */
  is_snapshot_in_flight: boolean;
  /** After a failure, none is sent before this tick. */
  snapshot_paused_until_tick: number;
  heartbeats_in_flight: number;
  /** When it last answered in this term; null: not yet. */
  last_contact_tick: number | null;
  /** The latest round of heartbeats it confirmed. */
  round_confirmed: number;
  /** Its monotonic clock as it said last; null: not yet. */
  echo_ms: number | null;
  /** As it said last; for operators. */
  applied_index: LogIndex;
  /** `LEADER_PRIORITY` there, as it said last. */
  priority: number;
  /** Since when it has been heard and has lacked next to nothing; null: it does not keep up. */
  near_since_tick: number | null;
  /** It is no member any more, and is forgotten at this tick; null: it is one. */
  leaves_tick: number | null;
}

export function createProgress(member: Member, last_index: LogIndex): Progress {
  return {
    member,
    state: 'probe',
    match_index: 0,
    next_index: last_index + 1,
    append_in_flight: null,
    paused_until_tick: 0,
    append_sent_tick: 0,
    commit_told: 0,
    needs_snapshot_from: 0,
    is_snapshot_in_flight: false,
    snapshot_paused_until_tick: 0,
    heartbeats_in_flight: 0,
    last_contact_tick: null,
    round_confirmed: 0,
    echo_ms: null,
    applied_index: 0,
    priority: 0,
    near_since_tick: null,
    leaves_tick: null,
  };
}
