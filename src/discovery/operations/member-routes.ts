import type { JsonRoute } from '../../consensus/rpc/route.ts';
import type { Configuration, Member, NodeId } from '../../consensus/raft/configuration.ts';
import { allMembers, sameMember } from '../../consensus/raft/configuration.ts';
import { isMember } from '../../consensus/raft/membership.ts';
import { limits } from '../../limits.ts';
import { empty_request } from '../wire.ts';
import { MEMBERS_REFUSAL_DETAIL, TRANSFER_DETAIL } from './cluster-operations.ts';
import type { ClusterOperations } from './cluster-operations.ts';
import { operatorRoute, WITH_BODY } from './operator-route.ts';
import { operatorProblem } from './problem.ts';
import type { OperatorAnswer } from './problem.ts';
import { resolveChange } from './resolve-change.ts';
import { MEMBERS_PATH, members_request, TRANSFER_PATH, transfer_request } from './wire.ts';
import type { MembersAnswer } from './wire.ts';

export interface MemberRoutesOptions {
  readonly operations: ClusterOperations;
  /** The one in force; null before the first entry is here. */
  readonly configuration: () => Configuration | null;
  /** Replicas that run, as far as it is known here, this one among them. */
  readonly running: () => readonly (Member & { readonly address: string })[];
  /** Who leads, as far as it is known here. */
  readonly leader_id: () => NodeId | null;
}

const NOT_FORMED = operatorProblem(409, 'not_formed', 'The cluster is not formed yet.');

/** What operators may change: who the members are, and who leads. Any replica takes the call. */
export function memberRoutes(options: MemberRoutesOptions): readonly JsonRoute[] {
  return [
    operatorRoute('GET', MEMBERS_PATH, (body) => Promise.resolve(listMembers(options, body))),
    operatorRoute('POST', MEMBERS_PATH, (body) => changeMembers(options, body)),
    operatorRoute('POST', TRANSFER_PATH, (body) => transfer(options, body)),
  ];
}

function listMembers(options: MemberRoutesOptions, body: unknown): OperatorAnswer {
  if (!empty_request.safeParse(body).success) return WITH_BODY;
  const configuration = options.configuration();
  if (configuration === null) return NOT_FORMED;
  return { status: 200, body: membersAnswer(options, configuration) };
}

function membersAnswer(
  { running }: MemberRoutesOptions,
  configuration: Configuration,
): MembersAnswer {
  const { voters, outgoing_voters, learners, voters_wanted } = configuration;
  const members = allMembers(configuration);
  const others = running()
    .filter((one) => !members.some((member) => sameMember(member, one)))
    .map(({ node_id, storage_id }) => ({ node_id, storage_id }));
  return {
    configuration: {
      voters: [...voters],
      outgoing_voters: [...outgoing_voters],
      learners: [...learners],
      voters_wanted,
    },
    others,
  };
}

async function changeMembers(options: MemberRoutesOptions, body: unknown): Promise<OperatorAnswer> {
  const parsed = members_request.safeParse(body);
  if (!parsed.success) {
    const detail =
      'The body should have one or more of add, remove, promote, demote (lists of NODE_IDs), ' +
      'replace (a list of old and new), voters_wanted (a number).';
    return operatorProblem(400, 'invalid_request', detail);
  }
  const configuration = options.configuration();
  if (configuration === null) return NOT_FORMED;
  const running = options.running();
  const resolved = resolveChange(parsed.data, {
    configuration,
    running(node_id) {
      const named = running.filter((one) => one.node_id === node_id);
      // A member's namesake is who may be added; the member is in already.
      const found = named.find((one) => !isMember(configuration, one)) ?? named[0];
      return found === undefined ? null : { node_id, storage_id: found.storage_id };
    },
  });
  if (!resolved.ok) {
    const { node_id, as } = resolved.error;
    const detail =
      as === 'member'
        ? `${node_id} is not a member; \`agenda member list\` shows who is.`
        : `No replica ${node_id} is known: start it with DISCOVERY_SEEDS (or the like) of this cluster.`;
    return operatorProblem(404, 'no_such_replica', detail);
  }
  const { operations } = options;
  const end = await operations.changeMembership(resolved.value, limits.members_change_timeout_ms);
  if (end.kind === 'unknown') {
    const detail = 'It was begun, and is not known to have ended; see `agenda member list`.';
    return operatorProblem(504, 'outcome_unknown', detail);
  }
  if (end.kind === 'committed') {
    return { status: 200, body: membersAnswer(options, options.configuration() ?? configuration) };
  }
  if (end.reason === 'not_leader') return notLeader(options);
  return operatorProblem(409, end.reason, MEMBERS_REFUSAL_DETAIL[end.reason]);
}

async function transfer(options: MemberRoutesOptions, body: unknown): Promise<OperatorAnswer> {
  const parsed = transfer_request.safeParse(body);
  if (!parsed.success) {
    return operatorProblem(400, 'invalid_request', 'The body should be to: a NODE_ID or null.');
  }
  const { to } = parsed.data;
  const end = await options.operations.transfer(to, limits.transfer_timeout_ms);
  if (end === 'not_leader') return notLeader(options);
  if (end !== 'transferred') return operatorProblem(409, end, TRANSFER_DETAIL[end]);
  return { status: 200, body: { leader_id: options.leader_id() ?? to } };
}

/** Says who leads, so that the call can go there. */
function notLeader({ leader_id, running }: MemberRoutesOptions): OperatorAnswer {
  const node_id = leader_id();
  const leader = running().find((one) => one.node_id === node_id);
  const detail = node_id === null ? 'Nobody leads at the moment.' : `${node_id} leads.`;
  return operatorProblem(409, 'not_leader', detail, {
    leader: leader === undefined ? null : { node_id: leader.node_id, address: leader.address },
  });
}
