import type { JsonRoute } from '../consensus/rpc/route.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Announcement } from '../discovery/address-entry.ts';
import { auditRoutes } from '../discovery/operations/audit-routes.ts';
import { memberRoutes } from '../discovery/operations/member-routes.ts';
import { operatorRoutes } from '../discovery/operations/routes.ts';
import type { Inspection } from '../discovery/operations/wire.ts';
import { AuditChecker } from '../replica/audit-checker.ts';
import type { GroupReplica } from '../replica/group-replica.ts';
import { StateChecker } from '../replica/state-check.ts';
import { pinAudit } from '../storage/pin-audit.ts';
import { pinTables } from '../storage/table-hashes.ts';
import { version } from '../version.ts';
import type { NodeConsensus } from './consensus.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeOperationsOptions {
  readonly storage: NodeStorage;
  readonly consensus: NodeConsensus;
  readonly announcement: Announcement;
  readonly replica: GroupReplica;
  readonly clock: Clock;
}

/** What operators may ask of this replica. */
export function createOperatorRoutes(options: NodeOperationsOptions): readonly JsonRoute[] {
  const { storage, consensus, replica, clock } = options;
  const { group } = consensus;
  const checker = new StateChecker({
    clock,
    state: storage.state_machine,
    waitForApplied: (index, timeout_ms) => replica.waitForIndex(index, timeout_ms),
    pinTables: () => pinTables(storage.directory.agenda_path),
  });
  const to_see = operatorRoutes({
    inspect: () => inspect(options),
    check: (check) => checker.check(check),
  });
  const to_change = memberRoutes({
    operations: group,
    configuration: () => group.configuration,
    running: () => addressesOf(options),
    leader_id: () => group.state.leader?.node_id ?? null,
  });
  const audit = new AuditChecker({
    clock,
    state: storage.state_machine,
    pinAudit: () => pinAudit(storage.directory.agenda_path),
  });
  return [...to_see, ...to_change, ...auditRoutes((check) => audit.check(check))];
}

function addressesOf({ announcement, consensus }: NodeOperationsOptions) {
  // Under one node id the one seen last comes first.
  const others = consensus.book.entries.toSorted(
    (one, other) => other.last_seen_ms - one.last_seen_ms,
  );
  return [announcement, ...others].map(({ node_id, storage_id, address }) => ({
    node_id,
    storage_id,
    address,
  }));
}

function inspect(options: NodeOperationsOptions): Inspection {
  const { consensus, replica } = options;
  const { keeper, self } = consensus;
  const status = replica.status();
  const { configuration } = status;
  return {
    node_id: self.node_id,
    storage_id: self.storage_id,
    version,
    cluster_id: keeper.cluster_id,
    role: status.role,
    term: status.term,
    leader_id: status.leader?.node_id ?? null,
    commit_index: status.commit_index,
    applied_index: status.applied_index,
    first_index: status.first_index,
    last_index: status.last_index,
    last_term: status.last_term,
    configuration:
      configuration === null
        ? null
        : {
            voters: [...configuration.voters],
            outgoing_voters: [...configuration.outgoing_voters],
            learners: [...configuration.learners],
            voters_wanted: configuration.voters_wanted,
          },
    peers: [...status.peers],
    addresses: addressesOf(options),
  };
}
