import type { Command } from '../agenda/command.ts';
import type { ProposeResult, Replica } from '../replica/replica.ts';
import { remainingMs, TOO_LATE, within } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { ProblemError } from './problem.ts';

/** Proposes to the log of this replica; what is not known in time is unknown. Throws `overloaded`. */
export async function proposeHere(
  replica: Replica,
  command: Command,
  deadline: Deadline,
): Promise<ProposeResult> {
  const remaining_ms = remainingMs(deadline);
  if (remaining_ms === 0) {
    const detail = 'The request waited too long for its turn; nothing was changed, try again.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  const result = await within(replica.propose(command), remaining_ms);
  return result === TOO_LATE ? { kind: 'unknown' } : result;
}
