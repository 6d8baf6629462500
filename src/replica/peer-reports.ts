import { z } from 'zod';
import type { Clock } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { memberKey } from '../consensus/raft/configuration.ts';
import { limits } from '../limits.ts';
import type { PeerStatus } from './replica.ts';

const peer_status = z.strictObject({
  node_id: z.string(),
  match_index: z.int().min(0),
  applied_index: z.int().min(0),
  last_contact_ms: z.number().min(0).nullable(),
});
const peer_report = z.strictObject({
  peers: z.array(peer_status).max(limits.address_book_max),
});

export interface PeerReportsOptions {
  readonly clock: Clock;
  /** The leader, when it is another replica. */
  readonly leader: () => Member | null;
  /** Asks a leader for its table; the answer is not to be trusted to have its shape. */
  readonly ask: (leader: Member) => Promise<unknown>;
}

/** How often a follower asks. */
const INTERVAL_MS = 1_000;

/**
 * A follower's copy of what its leader knows of the others, so that every replica can show how far each
 * one is. Of use for views alone: nothing is decided by it.
 */
export class PeerReports {
  readonly #options: PeerReportsOptions;
  #report: { leader_key: string; received_ms: number; peers: readonly PeerStatus[] } | null = null;
  #is_asking = false;

  constructor(options: PeerReportsOptions) {
    this.#options = options;
  }

  /** Asks until the returned function is called. */
  start(): () => void {
    return this.#options.clock.every(INTERVAL_MS, () => {
      this.#ask().catch(() => {
        // No answer: the age of the last report shows it.
      });
    });
  }

  /** As the present leader said last, with the time since then counted; empty when it said nothing. */
  peers(): readonly PeerStatus[] {
    const leader = this.#options.leader();
    const report = this.#report;
    if (leader === null || report === null || report.leader_key !== memberKey(leader)) return [];
    const age_ms = Math.round(this.#options.clock.now_ms() - report.received_ms);
    return report.peers.map((peer) => ({
      ...peer,
      last_contact_ms: peer.last_contact_ms === null ? null : peer.last_contact_ms + age_ms,
    }));
  }

  async #ask(): Promise<void> {
    const leader = this.#options.leader();
    if (leader === null || this.#is_asking) return;
    this.#is_asking = true;
    try {
      const parsed = peer_report.safeParse(await this.#options.ask(leader));
      if (!parsed.success) return;
      this.#report = {
        leader_key: memberKey(leader),
        received_ms: this.#options.clock.now_ms(),
        peers: parsed.data.peers,
      };
    } finally {
      this.#is_asking = false;
    }
  }
}
