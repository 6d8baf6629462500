import { unreachable } from '../../base/assert.ts';
import type { OperatorClient } from '../operator/client.ts';
import { CallFailed } from '../operator/client.ts';
import { surveyCluster } from '../operator/survey.ts';
import type { Survey, Surveyed } from '../operator/survey.ts';
import { CHECK_PATH, check_answer } from '../../discovery/operations/wire.ts';
import type { CheckAnswer } from '../../discovery/operations/wire.ts';
import { limits } from '../../limits.ts';

/** What one replica has at the index of the comparison. */
export interface CheckedReplica {
  readonly surveyed: Surveyed;
  /** Null: it could not be asked. */
  readonly answer: CheckAnswer | null;
  /** Why there is nothing to compare; empty when there is. */
  readonly failure: string;
}

export interface CheckedReplicas {
  readonly index: number;
  readonly with_tables: boolean;
  readonly replicas: readonly CheckedReplica[];
}

/** Writes go on meanwhile: an index ahead is chosen, and when it is missed, another. */
const ATTEMPTS = 6;
const WAIT_MS = 4_000;
/** An index to meet at lies as far ahead as writes come in this time, and further at every attempt. */
const AHEAD_MS = 1_500;

/**
 * Asks all replicas for their state at one index.
 *
 * @throws {CallFailed} the first cannot be asked
 */
export async function checkReplicas(
  client: OperatorClient,
  at: string,
  with_tables: boolean,
): Promise<CheckedReplicas> {
  let survey = await surveyCluster(client, at);
  let surveyed_at_ms = performance.now();
  let index = highestApplied(survey);
  for (let attempt = 1; ; attempt += 1) {
    const checked = await askAll(client, survey, { index, with_tables });
    const missed = checked.replicas.filter(({ answer }) => isMissed(answer));
    if (missed.length === 0 || attempt === ATTEMPTS) return checked;
    const before = highestApplied(survey);
    survey = await surveyCluster(client, at);
    const now_ms = performance.now();
    const per_ms = (highestApplied(survey) - before) / (now_ms - surveyed_at_ms);
    surveyed_at_ms = now_ms;
    index = nextIndex(survey, missed, with_tables ? Math.ceil(per_ms * AHEAD_MS * attempt) : 0);
  }
}

/** Passed: further ahead. Not reached: what all of them have, if that can be asked for. */
function nextIndex(survey: Survey, missed: readonly CheckedReplica[], ahead: number): number {
  const highest = highestApplied(survey);
  if (missed.some(({ answer }) => answer?.kind === 'passed')) return highest + ahead;
  if (ahead > 0) return highest;
  return Math.min(...appliedIndexes(survey));
}

function isMissed(answer: CheckAnswer | null): boolean {
  return answer !== null && answer.kind !== 'checked';
}

function appliedIndexes(survey: Survey): readonly number[] {
  return survey.replicas.flatMap(({ said }) => (said === null ? [] : [said.applied_index]));
}

function highestApplied(survey: Survey): number {
  return Math.max(0, ...appliedIndexes(survey));
}

async function askAll(
  client: OperatorClient,
  survey: Survey,
  { index, with_tables }: { readonly index: number; readonly with_tables: boolean },
): Promise<CheckedReplicas> {
  const replicas = await Promise.all(
    survey.replicas.map(async (surveyed): Promise<CheckedReplica> => {
      const { said, address, member } = surveyed;
      if (said === null || address === null) {
        return { surveyed, answer: null, failure: surveyed.failure };
      }
      const question = { index, wait_ms: WAIT_MS, with_tables };
      try {
        const answer = await client.call(
          address,
          member,
          CHECK_PATH,
          question,
          check_answer,
          WAIT_MS + limits.operator_call_timeout_ms,
        );
        return { surveyed, answer, failure: failureOf(answer, said.applied_index) };
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        return { surveyed, answer: null, failure: error.message };
      }
    }),
  );
  return { index, with_tables, replicas };
}

function failureOf(answer: CheckAnswer, applied_index: number): string {
  switch (answer.kind) {
    case 'checked':
      return '';
    case 'not_reached':
      return `has applied only ${applied_index}`;
    case 'passed':
      return 'no longer knows its state at this index';
    case 'busy':
      return 'is hashing its tables for another check';
    default:
      return unreachable(answer);
  }
}
