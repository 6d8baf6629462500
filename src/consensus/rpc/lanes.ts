import { limits } from '../../limits.ts';
import { HttpLane } from './http-lane.ts';
import type { Lane, TlsTrust } from './lane.ts';
import { MessageLane } from './message-lane.ts';

/**
 * Kept connections for each sort of request, apart from each other: a large append never stands in
 * front of a heartbeat, nor a slow join in front of either.
 */
export interface Lanes {
  /** Votes, heartbeats, read indexes, transfers: answered from memory or after one small write. */
  readonly pulse: Lane;
  readonly append: Lane;
  /** Chunks of snapshots. */
  readonly snapshot: Lane;
  readonly control: Lane;
  /** Writes on their way to the leader: each holds a connection until it is applied. */
  readonly forward: Lane;
}

export function createLanes(tls: TlsTrust | undefined): Lanes {
  return {
    pulse: new MessageLane(tls),
    append: new MessageLane(tls),
    snapshot: new MessageLane(tls),
    control: new HttpLane(tls, limits.rpc_connections_per_lane_max),
    forward: new HttpLane(tls, limits.forwards_in_flight_max),
  };
}

export function closeLanes(lanes: Lanes): void {
  lanes.pulse.close();
  lanes.append.close();
  lanes.snapshot.close();
  lanes.control.close();
  lanes.forward.close();
}
