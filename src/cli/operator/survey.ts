import { compareNodeIds } from '../../consensus/bootstrap/member-order.ts';
import { memberKey, sameMember } from '../../consensus/raft/configuration.ts';
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
  /** The leader of the latest term; null: nobody that was asked leads. */
  readonly leader: Inspection | null;
  /** As the leader has it, or else the replica that was asked first; null: there is none yet. */
  readonly configuration: Inspection['configuration'];
  /** By node id. Without a configuration, the first alone. */
  readonly replicas: readonly Surveyed[];
}

/**
 * Asks the replica at an address who belongs to the cluster, and then each of those. It may lag behind:
 * the one that leads has the last word.
 *
 * @throws {CallFailed} the first cannot be asked
 */
export async function surveyCluster(
  client: Pick<OperatorClient, 'inspect'>,
  at: string,
): Promise<Survey> {
  const first = await client.inspect(at);
  const known = await askMembers(client, at, first, [first], []);
  const leader = known.reduce<Inspection | null>(
    (latest, { said }) =>
      said?.role === 'leader' && (latest === null || said.term > latest.term) ? said : latest,
    null,
  );
  const is_news = leader !== null && leader.configuration !== null;
  const best = is_news ? leader : first;
  const replicas = await askMembers(client, at, best, [first, best], known);
  replicas.sort((one, other) => compareNodeIds(one.member.node_id, other.member.node_id));
  return { leader, configuration: best.configuration, replicas };
}

/** Asks whom one of them takes for the members; those that were asked already are not asked again. */
async function askMembers(
  client: Pick<OperatorClient, 'inspect'>,
  at: string,
  { configuration, ...self }: Inspection,
  sources: readonly Inspection[],
  asked: readonly Surveyed[],
): Promise<Surveyed[]> {
  const voters = [...(configuration?.voters ?? []), ...(configuration?.outgoing_voters ?? [])];
  const members = new Map<string, Member>();
  for (const member of [...voters, ...(configuration?.learners ?? [])]) {
    members.set(memberKey(member), member);
  }
  if (configuration === null) members.set('', self);
  return Promise.all(
    [...members.values()].map(async (member): Promise<Surveyed> => {
      const is_voter = voters.some((one) => sameMember(one, member));
      const before = asked.find((one) => sameMember(one.member, member));
      if (before !== undefined) return { ...before, is_voter };
      const address = addressOf(member, at, sources);
      return { member, is_voter, address, ...(await ask(client, member, address)) };
    }),
  );
}

/** The address that was given works from here; what replicas say to each other may not. */
function addressOf(member: Member, at: string, sources: readonly Inspection[]): string | null {
  const { node_id } = member;
  if (node_id === sources[0]?.node_id) return at;
  const addresses = sources.flatMap((source) => source.addresses);
  const known =
    addresses.find((one) => sameMember(one, member)) ??
    addresses.find((one) => one.node_id === node_id);
  return known?.address ?? null;
}

async function ask(
  client: Pick<OperatorClient, 'inspect'>,
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
