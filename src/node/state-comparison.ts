import type { Logger } from 'pino';
import type { Clock } from '../consensus/ports.ts';
import type { Route } from '../consensus/rpc/route.ts';
import { limits } from '../limits.ts';
import type { Metrics } from '../http/metrics.ts';
import { answerDigestQuestion, DIGEST_PATH } from '../replica/digest-question.ts';
import { StateComparer } from '../replica/state-comparison.ts';
import type { StateComparisonObserver, StateDifference } from '../replica/state-comparison.ts';
import { StateDivergedError } from '../replica/state-diverged-error.ts';
import type { NodeConsensus } from './consensus.ts';
import type { NodeStorage } from './storage.ts';

export interface StateComparisonOptions {
  readonly storage: NodeStorage;
  readonly consensus: NodeConsensus;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly onBroken: (error: StateDivergedError) => void;
}

/** Compares this replica's state with the others' until the returned function is called. */
export function startStateComparison(options: StateComparisonOptions): () => void {
  const { storage, consensus, clock } = options;
  const { group, self, transport, book } = consensus;
  const comparer = new StateComparer({
    clock,
    self,
    configuration: () => group.configuration,
    state: storage.state_machine,
    async ask(member, question) {
      const address = book.dialableAddress(member);
      if (address === null) return null;
      const { body } = await transport.call(address, 'POST', DIGEST_PATH, question, {
        destination: member,
      });
      return body;
    },
    observer: observerOf(options),
  });
  comparer.start();
  return () => comparer.stop();
}

/** Answers the others. */
export function digestRoute({ state_machine }: NodeStorage, { group }: NodeConsensus): Route {
  return {
    method: 'POST',
    path: DIGEST_PATH,
    accepts_strangers: false,
    format: 'json',
    handle({ body }) {
      const feature_level = group.configuration?.feature_level ?? 0;
      const answer = answerDigestQuestion(body, state_machine, feature_level);
      return Promise.resolve(
        answer === null
          ? { status: 400, body: { reason: 'not a body for this path' } }
          : { status: 200, body: answer },
      );
    },
  };
}

function observerOf(options: StateComparisonOptions): StateComparisonObserver {
  const { storage, metrics, log, onBroken } = options;
  const { node_database } = storage;
  /** What node.db cannot take, on a full disk for one, must not keep a verdict from its consequence. */
  const note = (what: string, write: () => void): void => {
    try {
      write();
    } catch (error) {
      log.error({ err: error }, `node.db does not take ${what}`);
    }
  };
  return {
    onAgreed: (index) => metrics.stateCompared(index, 0),
    onDiffers(difference, is_news) {
      metrics.stateCompared(difference.index, difference.members.length);
      if (!is_news) return;
      const fields = fieldsOf(difference);
      log.error(fields, 'replicas have another state than this one, and no majority agrees on it');
      note('the event', () => node_database.recordEvent(Date.now(), 'state_differs', fields));
    },
    onOddOneOut(difference, majority_digest) {
      metrics.stateCompared(difference.index, difference.members.length);
      const fields = { ...fieldsOf(difference), majority_digest };
      note('the mark', () => node_database.markStateWrong(Date.now()));
      note('the event', () => node_database.recordEvent(Date.now(), 'state_diverged', fields));
      onBroken(
        new StateDivergedError(
          `at index ${difference.index} the digest here is ${difference.own_digest}, and ` +
            `${majority_digest} on a majority of the voters (${fields.differing.join(', ')}); ` +
            'the next start sets agenda.db aside and builds it again from the log',
        ),
      );
    },
  };
}

function fieldsOf({ index, own_digest, members }: StateDifference) {
  const differing = members.map((member) => member.node_id).slice(0, limits.cluster_size_max);
  return { index, own_digest, differing };
}
