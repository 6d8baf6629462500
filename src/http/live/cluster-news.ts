import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';
import { presentClusterStatus } from '../cluster/view.ts';
import type { ClusterSight } from '../cluster/view.ts';
import type { LeaderMessage, ReplicasMessage } from './server-message.ts';

export interface ClusterNewsOptions {
  readonly sight: () => ClusterSight;
  /** Calls back on every change of term, role or leader until the returned function is called. */
  readonly onLeadershipChange: (listener: () => void) => () => void;
  readonly clock: Pick<Clock, 'every' | 'soon'>;
  readonly tellAll: (message: LeaderMessage | ReplicasMessage) => void;
}

/** Tells clients who leads and which replicas there are, whenever that is another; stops when called. */
export function followCluster(options: ClusterNewsOptions): () => void {
  const { sight, onLeadershipChange, clock, tellAll } = options;
  const seen = new Map<string, string>();
  const look = (): void => {
    for (const message of newsOf(sight())) {
      const text = JSON.stringify(message);
      const before = seen.get(message.type);
      seen.set(message.type, text);
      if (before !== undefined && before !== text) tellAll(message);
    }
  };
  look();
  const stops = [
    // Not within the step of consensus that tells it.
    onLeadershipChange(() => clock.soon(look)),
    clock.every(limits.live_cluster_look_every_ms, look),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function newsOf(sight: ClusterSight): readonly [LeaderMessage, ReplicasMessage] {
  const { group, leader_id, leader_address, term, nodes } = presentClusterStatus(sight);
  const replicas = nodes.map(({ id, address, voter, is_leader, healthy }) => ({
    id,
    address,
    voter,
    is_leader,
    healthy,
  }));
  return [
    { type: 'leader', group, leader_id, leader: leader_address, term },
    { type: 'replicas', replicas },
  ];
}
