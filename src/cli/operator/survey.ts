import { compareNodeIds } from '../../consensus/bootstrap/member-order.ts';
import type { Member } from '../../consensus/raft/configuration.ts';
import type { Inspection } from '../../discovery/operations/wire.ts';
import { CallFailed } from './client.ts';
import type { OperatorClient } from './client.ts';

/** A member of the cluster, and what it said or why it said nothing. */
export interface Surveyed {
  readonly member: Member;
  readonly is_voter: boolean;
  /** `host:port`; null: not known to the one that was asked. */
  readonly address: string | null;
  readonly said: Inspection | null;
  /** Why it said nothing; empty when it did. */
  readonly failure: string;
}

export interface Survey {
  /** The replica that was asked first. */
  readonly first: Inspection;
  /** By node id. Without a configuration, the first alone. */
  readonly replicas: readonly Surveyed[];
}

/**
 * Asks the replica at an address who belongs to the cluster, and then each of those.
 *
 * @throws {CallFailed} the first cannot be asked
 */
export async function surveyCluster(client: OperatorClient, at: string): Promise<Survey> {
  const first = await client.inspect(at);
  const { configuration } = first;
  const voters = [...(configuration?.voters ?? []), ...(configuration?.outgoing_voters ?? [])];
  const members = new Map<string, Member>();
  for (const member of [...voters, ...(configuration?.learners ?? [])]) {
    members.set(`${member.node_id}/${member.storage_id}`, member);
  }
  if (members.size === 0) members.set('', first);
  const replicas = await Promise.all(
    [...members.values()].map(async (member): Promise<Surveyed> => {
      const is_voter = voters.some(
        (one) => one.node_id === member.node_id && one.storage_id === member.storage_id,
      );
      const known = first.addresses.find(({ node_id }) => node_id === member.node_id);
      // The address that was given works from here; what replicas say to each other may not.
      const address = member.node_id === first.node_id ? at : (known?.address ?? null);
      return { member, is_voter, address, ...(await ask(client, member, address)) };
    }),
  );
  replicas.sort((one, other) => compareNodeIds(one.member.node_id, other.member.node_id));
  return { first, replicas };
}

async function ask(
  client: OperatorClient,
  member: Member,
  address: string | null,
): Promise<Pick<Surveyed, 'said' | 'failure'>> {
  if (address === null) return { said: null, failure: 'its address is not known' };
  try {
    const said = await client.inspect(address);
    if (said.node_id !== member.node_id) {
      return { said: null, failure: `at ${address} is ${said.node_id}` };
    }
    if (said.storage_id !== member.storage_id) {
      return { said: null, failure: 'it came back with another disk: no longer this member' };
    }
    return { said, failure: '' };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { said: null, failure: error.message };
  }
}
