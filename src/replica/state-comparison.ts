import { assert, unreachable } from '../base/assert.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Configuration, Member, MemberKey } from '../consensus/raft/configuration.ts';
import { allMembers, memberKey, sameMember } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import { limits } from '../limits.ts';
import { parseDigestAnswer } from './digest-question.ts';
import type { DigestQuestion, DigestSource } from './digest-question.ts';
import { judgeDigests } from './judge-digests.ts';

/** States that should be equal and are not. */
export interface StateDifference {
  readonly index: LogIndex;
  readonly own_digest: string;
  /** Those that have another digest. */
  readonly members: readonly Member[];
}

/** Told what a comparison came to. Must not throw. */
export interface StateComparisonObserver {
  /** All who could say have our digest at this index. */
  onAgreed(index: LogIndex): void;
  /** Some have another; `is_news`: not those of the round before. */
  onDiffers(difference: StateDifference, is_news: boolean): void;
  /** A majority of the voters agree on `digest`: this replica must stop. Nothing is compared afterwards. */
  onOddOneOut(difference: StateDifference, digest: string): void;
}

export interface StateComparerOptions {
  readonly clock: Clock;
  readonly self: Member;
  /** The one in force; null before the first entry is here. */
  readonly configuration: () => Configuration | null;
  readonly state: DigestSource;
  /** Asks another member; the answer is not to be trusted to have its shape. Rejects without one. */
  readonly ask: (member: Member, question: DigestQuestion) => Promise<unknown>;
  readonly observer: StateComparisonObserver;
}

/**
 * Compares the state of this replica with that of the others in the background: the digest at an index
 * that this one has applied. While nothing is applied after a round in which all agreed, nobody is asked.
 */
export class StateComparer {
  readonly #options: StateComparerOptions;
  #stop_asking: (() => void) | null = null;
  #is_comparing = false;
  #is_stopped = false;
  #agreed_index: LogIndex = 0;
  /** Who differed in the last round that could tell, as text. */
  #differing = '';

  constructor(options: StateComparerOptions) {
    this.#options = options;
  }

  start(): void {
    assert(this.#stop_asking === null, 'a comparer starts once');
    this.#stop_asking = this.#options.clock.every(limits.state_compare_interval_ms, () => {
      // A question that fails is no answer. Whatever else rejects is a defect, and must not be silent.
      void this.#compare();
    });
  }

  stop(): void {
    this.#is_stopped = true;
    this.#stop_asking?.();
  }

  async #compare(): Promise<void> {
    const { self, state, configuration, observer } = this.#options;
    const before = configuration();
    const index = state.applied_index;
    if (this.#is_comparing || before === null || index <= this.#agreed_index) return;
    const own_digest = state.digestAt(index);
    assert(own_digest !== null, 'the digest of what is applied is known');
    this.#is_comparing = true;
    try {
      const others = await this.#digestsOfOthers(before, index);
      // Members may have changed while they were asked.
      const now = configuration();
      if (this.#is_stopped || now === null || now.feature_level !== before.feature_level) return;
      const verdict = judgeDigests(now, { self, own_digest, others });
      switch (verdict.kind) {
        case 'alone':
          return;
        case 'agreed':
          this.#differing = '';
          if (verdict.is_complete) this.#agreed_index = index;
          return observer.onAgreed(index);
        case 'differs':
          return this.#tellOfDifference({ index, own_digest, members: verdict.members });
        case 'odd_one_out':
          this.stop();
          return observer.onOddOneOut(
            { index, own_digest, members: verdict.members },
            verdict.digest,
          );
        default:
          return unreachable(verdict);
      }
    } finally {
      this.#is_comparing = false;
    }
  }

  #tellOfDifference(difference: StateDifference): void {
    const differing = difference.members.map(memberKey).sort().join(' ');
    const is_news = differing !== this.#differing;
    this.#differing = differing;
    this.#options.observer.onDiffers(difference, is_news);
  }

  async #digestsOfOthers(
    configuration: Configuration,
    index: LogIndex,
  ): Promise<ReadonlyMap<MemberKey, string>> {
    const { self } = this.#options;
    const digests = new Map<MemberKey, string>();
    const others = allMembers(configuration).filter((member) => !sameMember(member, self));
    await Promise.all(
      others.map(async (member) => {
        const digest = await this.#digestOf(member, index, configuration.feature_level);
        if (digest !== null) digests.set(memberKey(member), digest);
      }),
    );
    return digests;
  }

  /** Asked again for a while when it has not come so far; null: it cannot be compared. */
  async #digestOf(member: Member, index: LogIndex, feature_level: number): Promise<string | null> {
    const { ask, clock } = this.#options;
    for (let attempt = 1; attempt <= limits.state_compare_attempts; attempt += 1) {
      const answer = parseDigestAnswer(await ask(member, { index }).catch(() => null));
      if (answer === null || answer.feature_level !== feature_level) return null;
      if (answer.digest !== null || answer.applied_index >= index) return answer.digest;
      await new Promise<void>((done) => clock.after(limits.state_compare_retry_ms, done));
      if (this.#is_stopped) return null;
    }
    return null;
  }
}
