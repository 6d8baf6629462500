import { unreachable } from '../../base/assert.ts';
import { CallFailed } from '../operator/client.ts';
import type { OperatorClient } from '../operator/client.ts';
import { surveyCluster } from '../operator/survey.ts';
import type { Survey, Surveyed } from '../operator/survey.ts';
import type { Member } from '../../consensus/raft/configuration.ts';

/** Why a replica cannot say what its state was at an index. */
const reasons = ['not_reached', 'passed', 'busy'] as const;
type Missed = { readonly kind: (typeof reasons)[number] };

/** What one replica says of the index that all were asked for. */
export interface AskedReplica<Answer> {
  readonly surveyed: Surveyed;
  /** Null: it could not be asked. */
  readonly answer: Answer | Missed | null;
  /** Why there is nothing to compare; empty when there is. */
  readonly failure: string;
}

export interface AskedReplicas<Answer> {
  readonly index: number;
  readonly replicas: readonly AskedReplica<Answer>[];
}

export interface IndexQuestion<Answer> {
  /** Only a state that is not passed yet can be asked for. */
  readonly of_the_moment: boolean;
  /** What reads so much is in the way of another like it. */
  readonly busy_with: string;
  ask(
    address: string,
    member: Member,
    at: { readonly index: number; readonly wait_ms: number },
  ): Promise<Answer | Missed>;
}

/** Writes go on meanwhile: an index ahead is chosen, and when it is missed, another. */
const ATTEMPTS = 6;
export const WAIT_MS = 4_000;
/** An index to meet at lies as far ahead as writes come in this time, and further at every attempt. */
const AHEAD_MS = 1_500;

/**
 * Asks all replicas about their state at one index.
 *
 * @throws {CallFailed} the first cannot be asked
 */
export async function askAtOneIndex<Answer extends { readonly kind: string }>(
  client: Pick<OperatorClient, 'inspect'>,
  at: string,
  question: IndexQuestion<Answer>,
): Promise<AskedReplicas<Answer>> {
  let survey = await surveyCluster(client, at);
  let surveyed_at_ms = performance.now();
  let index = highestApplied(survey);
  for (let attempt = 1; ; attempt += 1) {
    const asked = await askAll(survey, index, question);
    const missed = asked.flatMap(({ answer }) => (isMissed(answer) ? answer : []));
    if (missed.length === 0 || attempt === ATTEMPTS) return { index, replicas: asked };
    const before = highestApplied(survey);
    survey = await surveyCluster(client, at);
    const now_ms = performance.now();
    const per_ms = (highestApplied(survey) - before) / (now_ms - surveyed_at_ms);
    surveyed_at_ms = now_ms;
    const ahead = question.of_the_moment ? Math.ceil(per_ms * AHEAD_MS * attempt) : 0;
    index = nextIndex(survey, missed, ahead);
  }
}

/** Passed: further ahead. Not reached: what all of them have, if that can be asked for. */
function nextIndex(survey: Survey, missed: readonly Missed[], ahead: number): number {
  const highest = highestApplied(survey);
  if (missed.some(({ kind }) => kind === 'passed')) return highest + ahead;
  if (ahead > 0) return highest;
  return Math.min(...appliedIndexes(survey));
}

function isMissed(answer: { readonly kind: string } | null): answer is Missed {
  return answer !== null && (reasons as readonly string[]).includes(answer.kind);
}

function appliedIndexes(survey: Survey): readonly number[] {
  return survey.replicas.flatMap(({ said }) => (said === null ? [] : [said.applied_index]));
}

function highestApplied(survey: Survey): number {
  return Math.max(0, ...appliedIndexes(survey));
}

function askAll<Answer extends { readonly kind: string }>(
  survey: Survey,
  index: number,
  question: IndexQuestion<Answer>,
): Promise<AskedReplica<Answer>[]> {
  return Promise.all(
    survey.replicas.map(async (surveyed): Promise<AskedReplica<Answer>> => {
      const { said, address, member } = surveyed;
      if (said === null || address === null) {
        return { surveyed, answer: null, failure: surveyed.failure };
      }
      try {
        const answer = await question.ask(address, member, { index, wait_ms: WAIT_MS });
        return { surveyed, answer, failure: failureOf(answer, said.applied_index, question) };
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        return { surveyed, answer: null, failure: error.message };
      }
    }),
  );
}

function failureOf(
  answer: { readonly kind: string },
  applied_index: number,
  { busy_with }: { readonly busy_with: string },
): string {
  if (!isMissed(answer)) return '';
  switch (answer.kind) {
    case 'not_reached':
      return `has applied only ${applied_index}`;
    case 'passed':
      return 'no longer knows its state at this index';
    case 'busy':
      return `is ${busy_with} for another check`;
    default:
      return unreachable(answer.kind);
  }
}
