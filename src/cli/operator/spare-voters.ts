import type { Member } from '../../consensus/raft/configuration.ts';

interface Voters {
  readonly voters: readonly Member[];
  /** Empty unless joint. */
  readonly outgoing_voters: readonly Member[];
}

/**
 * How many more voters may be lost, whichever they are, before nothing can be decided; below zero: so many
 * must come back. While joint each set needs a majority of its own (thesis §4.3).
 */
export function spareVoters(
  { voters, outgoing_voters }: Voters,
  answers: (voter: Member) => boolean,
): number {
  const sets = [voters, outgoing_voters].filter((set) => set.length > 0);
  return Math.min(...sets.map((set) => set.filter(answers).length - majorityOf(set.length)));
}

function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
