import { assert, must } from '../../base/assert.ts';
import type { Configuration, Member, MemberKey } from './configuration.ts';
import { memberKey } from './configuration.ts';

/** Majorities (paper §5.2; thesis §4.3: while joint, of both sets of voters). */

function majorityOf(voters: readonly Member[], agrees: (key: MemberKey) => boolean): boolean {
  let count = 0;
  for (const voter of voters) if (agrees(memberKey(voter))) count += 1;
  return count > voters.length / 2;
}

/** Whether the voters for which `agrees` holds can decide. */
export function isQuorum(
  configuration: Configuration,
  agrees: (key: MemberKey) => boolean,
): boolean {
  assert(configuration.voters.length > 0, 'a configuration without voters');
  if (!majorityOf(configuration.voters, agrees)) return false;
  return (
    configuration.outgoing_voters.length === 0 || majorityOf(configuration.outgoing_voters, agrees)
  );
}

function majorityValue(voters: readonly Member[], value_of: (key: MemberKey) => number): number {
  const values = voters
    .map((voter) => value_of(memberKey(voter)))
    .sort((one, other) => other - one);
  return must(values[Math.floor(values.length / 2)], 'a configuration without voters');
}

/** The largest value that a quorum has reached: with match indexes, what may be committed. */
export function quorumValue(
  configuration: Configuration,
  value_of: (key: MemberKey) => number,
): number {
  const incoming = majorityValue(configuration.voters, value_of);
  if (configuration.outgoing_voters.length === 0) return incoming;
  return Math.min(incoming, majorityValue(configuration.outgoing_voters, value_of));
}
