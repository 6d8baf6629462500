import { unreachable } from '../../base/assert.ts';
import type { Member } from '../../consensus/raft/configuration.ts';
import type { RecoveryPlan, RecoveryRefusal } from '../../consensus/recovery/plan-recovery.ts';
import { formatTable } from '../operator/table.ts';
import type { SurvivorDirectory } from './survivor-directory.ts';

/** What the survivors have, and who the members were. */
export function describeSurvivors(directories: readonly SurvivorDirectory[]): string {
  const heading = ['survivor', 'term', 'last entry', 'of term', 'committed', 'applied', 'data'];
  const rows = directories.map(({ survivor, applied_index, path }) => [
    survivor.member.node_id,
    survivor.term,
    survivor.last.index,
    survivor.last.term,
    survivor.commit_index,
    applied_index ?? 'lost: built again',
    path,
  ]);
  return formatTable(heading, rows);
}

/** What will be done, and what is lost by it. */
export function describePlan(plan: RecoveryPlan): string {
  const { chosen, compared, not_compared, dead, may_lose, configuration, entry } = plan;
  const { last, commit_index } = chosen;
  const before = chosen.configuration;
  const lines = [
    `Cluster ${configuration.cluster_id}; voters: ${namesOf(before.voters)}` +
      (before.learners.length === 0 ? '.' : `; learners: ${namesOf(before.learners)}.`),
    `Gone on from: ${chosen.member.node_id}, whose log is the newest` +
      (compared.length === 1 ? ' that was given.' : ` of the ${compared.length} compared.`),
    `Voters from now on: ${namesOf(configuration.voters)}, and nobody else.`,
    `Given up for ever: ${namesOf(dead)}.`,
    '',
    `Kept: all entries up to ${last.index} (known to be committed: up to ${commit_index}).`,
    may_lose
      ? `May be lost: whatever was acknowledged after entry ${last.index} by a majority without ` +
        `${namesOf(compared.map(({ member }) => member))}. Nobody left can tell whether there was any.`
      : 'Lost: nothing that was acknowledged. Every majority had one of those compared.',
    `Written: a configuration as entry ${entry.index} of term ${entry.term}, incarnation ` +
      `${String(configuration.incarnation)}. Its term is that far ahead because ` +
      'somebody who was not compared may have led in the next ones. Ids and cursors do not carry the ' +
      'incarnation: a client that saw what is lost may see other things under the same ids.',
  ];
  if (not_compared.length > 0) {
    lines.push(
      '',
      `NOT COMPARED: ${namesOf(not_compared)}. Run \`agenda recover --show --data DATA_DIR\` there ` +
        `first. If its last entry is of a term above ${last.term}, or of term ${last.term} and above ` +
        `${last.index}, go on from that one instead: what it has more will be thrown away there, unless ` +
        'it knows that to be committed: then that replica stops, and with its disk it is of no more use.',
    );
  }
  lines.push(
    '',
    `NEVER start ${namesOf(dead)} again with the disks they had: a majority of them could go on as the ` +
      'old cluster beside this one. With empty disks they come back as new replicas.',
  );
  return lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n');
}

/** What to do instead. */
export function explainRefusal(refusal: RecoveryRefusal): string {
  switch (refusal.kind) {
    case 'other_cluster':
      return `${refusal.node_ids.join(', ')} are not of one cluster`;
    case 'named_twice':
      return `${refusal.node_id} is given twice`;
    case 'no_member':
      return `${refusal.node_id}, with the disk it has, is no member in the newest of these logs`;
    case 'majority_left':
      return (
        `${refusal.voters} survivors are a majority: start them, and they go on by themselves ` +
        'without losing anything'
      );
    case 'inconsistent':
      return (
        `something is committed on ${refusal.node_id} that the newest log does not have: these are ` +
        'not logs of one cluster, or one of them was restored from a copy. Nothing was changed'
      );
    default:
      return unreachable(refusal);
  }
}

function namesOf(members: readonly Member[]): string {
  return members.map(({ node_id }) => node_id).join(', ');
}
