import { unreachable } from '../base/assert.ts';
import type { Answer } from '../agenda/outcome.ts';
import type { Refusal } from '../agenda/refusal.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { ProposeResult } from '../replica/replica.ts';
import { LeadershipMoved, noLeader } from './leader.ts';
import { ProblemError } from './problem.ts';

/** Tells where a write stands in the log, done or refused: what `min_index` can wait for. */
export const INDEX_HEADER = 'Agenda-Index';

/** A write that is done, now or by an earlier request with the same key. */
export interface Applied {
  readonly index: LogIndex;
  readonly answer: Answer;
  readonly replayed: boolean;
}

/** The command was computed from another state than the one it met; nothing was changed. */
export class OutdatedError extends Error {
  override name = 'OutdatedError';
}

/**
 * What became of a proposal, in the four ways of the contract: done; refused (4xx, nothing changed); not
 * proposed (503, or {@link LeadershipMoved}: safe to send again); unknown (504: retry with the same key).
 */
export function appliedOrThrow(
  result: ProposeResult,
  overlapsOf: (refusal: Refusal) => Readonly<Record<string, unknown>>,
): Applied {
  switch (result.kind) {
    case 'applied': {
      const { outcome, index } = result;
      if (outcome.kind === 'done') {
        return { index, answer: outcome.answer, replayed: outcome.replayed };
      }
      const { code, detail, errors } = outcome.refusal;
      if (code === 'outdated') throw new OutdatedError();
      const headers = { [INDEX_HEADER]: String(index) };
      const extensions = overlapsOf(outcome.refusal);
      throw new ProblemError({
        code,
        detail,
        headers,
        extensions,
        ...(errors === undefined ? {} : { errors }),
      });
    }
    case 'not_proposed':
      switch (result.reason) {
        case 'not_leader':
          throw new LeadershipMoved();
        case 'no_leader':
          throw noLeader();
        case 'overloaded': {
          const detail = 'Too many writes wait already; nothing was changed, try again.';
          throw new ProblemError({ code: 'overloaded', detail });
        }
        default:
          return unreachable(result.reason);
      }
    case 'unknown':
      throw unknownOutcome();
    default:
      return unreachable(result);
  }
}

function unknownOutcome(): ProblemError {
  const detail =
    'It is not known yet whether this was done. Send it again with the same Idempotency-Key: ' +
    'it will be done once.';
  return new ProblemError({ code: 'outcome_unknown', detail });
}
