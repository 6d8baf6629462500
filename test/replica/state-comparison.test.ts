import { describe, expect, test } from '@jest/globals';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { limits } from '../../src/limits.ts';
import { answerDigestQuestion } from '../../src/replica/digest-question.ts';
import { DigestRing } from '../../src/replica/digest-ring.ts';
import { StateComparer } from '../../src/replica/state-comparison.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const members: readonly Member[] = [1, 2, 3, 4].map((number) => ({
  node_id: `agenda-${number}`,
  storage_id: `storage-${number}`,
}));
const [self = { node_id: '', storage_id: '' }] = members;

function digestOf(history: string, index: number): string {
  return Buffer.from(`${history} ${index}`).toString('hex').padEnd(64, '0').slice(0, 64);
}

/** A state that was applied up to an index. */
class State {
  applied_index = 0;
  readonly #ring: DigestRing;
  readonly #history: string;

  constructor(history: string) {
    this.#history = history;
    this.#ring = new DigestRing(0, digestOf(history, 0), limits.digests_kept);
  }

  applyThrough(index: number): void {
    while (this.applied_index < index) {
      this.applied_index += 1;
      this.#ring.push(this.applied_index, digestOf(this.#history, this.applied_index));
    }
  }

  digestAt(index: number): string | null {
    return this.#ring.at(index);
  }
}

class Peers {
  readonly clock = new VirtualClock();
  readonly own = new State('right');
  readonly told: string[] = [];
  asked = 0;
  configuration: Configuration = {
    cluster_id: 'cluster-1',
    voters: members.slice(0, 3),
    outgoing_voters: [],
    learners: [],
    voters_wanted: 3,
    feature_level: 1,
    removed: [],
  };
  readonly states = new Map<string, { state: State; feature_level: number }>();
  readonly comparer: StateComparer;

  constructor() {
    this.comparer = new StateComparer({
      clock: this.clock.forProcess().clock,
      self,
      configuration: () => this.configuration,
      state: this.own,
      ask: (member, question) => {
        this.asked += 1;
        const peer = this.states.get(member.node_id);
        if (peer === undefined) return Promise.reject(new Error('it is down'));
        return Promise.resolve(answerDigestQuestion(question, peer.state, peer.feature_level));
      },
      observer: {
        onAgreed: (index) => void this.told.push(`agreed ${index}`),
        onDiffers: ({ index, members: differing }, is_news) =>
          void this.told.push(
            `differs ${index}: ${differing.map(({ node_id }) => node_id).join(' ')}${is_news ? '' : ' again'}`,
          ),
        onOddOneOut: ({ index, members: agreeing }) =>
          void this.told.push(`odd ${index}: ${agreeing.map(({ node_id }) => node_id).join(' ')}`),
      },
    });
    this.comparer.start();
  }

  peer(number: number, history = 'right', feature_level = 1): State {
    const state = new State(history);
    this.states.set(`agenda-${number}`, { state, feature_level });
    return state;
  }

  round(): Promise<void> {
    return this.clock.advance(limits.state_compare_interval_ms);
  }
}

describe('comparing states in the background', () => {
  test('equal states agree, and while nothing is applied nobody is asked again', async () => {
    const peers = new Peers();
    for (const state of [peers.own, peers.peer(2), peers.peer(3)]) state.applyThrough(5);
    await peers.round();
    expect(peers.told).toEqual(['agreed 5']);
    const { asked } = peers;
    await peers.round();
    await peers.round();
    expect(peers.asked).toBe(asked);
    for (const { state } of peers.states.values()) state.applyThrough(6);
    peers.own.applyThrough(6);
    await peers.round();
    expect(peers.told).toEqual(['agreed 5', 'agreed 6']);
  });

  test('one that is behind is asked again until it has come so far', async () => {
    const peers = new Peers();
    const behind = peers.peer(2, 'wrong');
    peers.peer(3).applyThrough(7);
    peers.own.applyThrough(7);
    behind.applyThrough(6);
    await peers.round();
    expect(peers.told).toEqual([]);
    behind.applyThrough(8);
    await peers.clock.advance(limits.state_compare_retry_ms);
    expect(peers.told).toEqual(['differs 7: agenda-2']);
  });

  test('a difference without a majority is told again and again, as news once', async () => {
    const peers = new Peers();
    peers.peer(2, 'wrong').applyThrough(3);
    peers.own.applyThrough(3);
    await peers.round();
    await peers.round();
    expect(peers.told).toEqual(['differs 3: agenda-2', 'differs 3: agenda-2 again']);
    const third = peers.peer(3, 'odd');
    third.applyThrough(3);
    await peers.round();
    expect(peers.told.at(-1)).toBe('differs 3: agenda-2 agenda-3');
  });

  test('the odd one out is told once, and compares no more', async () => {
    const peers = new Peers();
    for (const state of [peers.own, peers.peer(2, 'other'), peers.peer(3, 'other')]) {
      state.applyThrough(4);
    }
    await peers.round();
    expect(peers.told).toEqual(['odd 4: agenda-2 agenda-3']);
    const { asked } = peers;
    peers.own.applyThrough(5);
    await peers.round();
    expect(peers.asked).toBe(asked);
  });

  test('two against two is no reason to stop', async () => {
    const peers = new Peers();
    peers.configuration = { ...peers.configuration, voters: members };
    const states = [peers.own, peers.peer(2), peers.peer(3, 'other'), peers.peer(4, 'other')];
    for (const state of states) state.applyThrough(9);
    await peers.round();
    expect(peers.told).toEqual(['differs 9: agenda-3 agenda-4']);
  });

  test('digests of another feature level, and forgotten ones, are not compared', async () => {
    const peers = new Peers();
    peers.peer(2, 'other', 2).applyThrough(3);
    peers.peer(3, 'other').applyThrough(3 + limits.digests_kept);
    peers.own.applyThrough(3);
    await peers.round();
    await peers.round();
    expect(peers.told).toEqual([]);
  });
});
