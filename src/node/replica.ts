import type { Logger } from 'pino';
import type { Clock } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Route } from '../consensus/rpc/route.ts';
import { GroupReplica } from '../replica/group-replica.ts';
import { PeerReports } from '../replica/peer-reports.ts';
import { WorkDriver } from '../replica/work-driver.ts';
import { TICK_MS } from './consensus.ts';
import type { NodeConsensus } from './consensus.ts';
import { GROUP_ID } from './group-id.ts';
import type { NodeStorage } from './storage.ts';

const PEERS_PATH = '/raft/peers';

/** What requests see of this node, and what goes on behind it until `stopReports` is called. */
export function createReplica(
  storage: NodeStorage,
  consensus: NodeConsensus,
  clock: Clock,
  log: Logger,
): { replica: GroupReplica; stopReports: () => void } {
  const { group, self } = consensus;
  const peer_reports = new PeerReports({
    clock,
    leader: () => otherLeader(consensus),
    ask: (leader) => askForPeers(consensus, leader),
  });
  const replica = new GroupReplica({
    group_id: GROUP_ID,
    self,
    tick_ms: TICK_MS,
    group,
    view: storage.agenda_store.view,
    remembered: (scope_hash) => storage.state_machine.remembered(scope_hash),
    clock,
    reported_peers: () => peer_reports.peers(),
    digest: () => storage.state_machine.digest,
  });
  const work_driver = new WorkDriver({
    clock,
    replica,
    nowMs: Date.now,
    onRefused: ({ key }, code) => log.error({ work: key, code }, 'work could not be continued'),
  });
  const stops = [peer_reports.start(), work_driver.start()];
  return { replica, stopReports: () => stops.forEach((stop) => stop()) };
}

/** The leader, when it is another replica. */
function otherLeader({ group, self }: NodeConsensus): Member | null {
  const { leader } = group.state;
  return leader === null || sameMember(leader, self) ? null : leader;
}

async function askForPeers({ transport, book }: NodeConsensus, leader: Member): Promise<unknown> {
  const address = book.entryOf(leader)?.address;
  if (address === undefined) return null;
  const answer = await transport.call(address, 'GET', PEERS_PATH, undefined, {
    destination: leader,
  });
  return answer.body;
}

/** What this replica, when it leads, tells the others of all. */
export function peersRoute(replica: GroupReplica): Route {
  return {
    method: 'GET',
    path: PEERS_PATH,
    accepts_strangers: false,
    format: 'json',
    handle: () => Promise.resolve({ status: 200, body: { peers: replica.status().peers } }),
  };
}
