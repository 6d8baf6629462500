import { Agent as HttpAgent } from 'node:http';
import type { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { limits } from '../../limits.ts';

/** Whom to trust when replicas speak over TLS. */
export interface TlsTrust {
  /** PEM. */
  readonly ca: string;
}

/**
 * Kept connections for each sort of request, apart from each other: a large append never stands in
 * front of a heartbeat, nor a slow join in front of either.
 */
export interface Lanes {
  /** Votes, heartbeats, read indexes, transfers: answered from memory or after one small write. */
  readonly pulse: Agent;
  readonly append: Agent;
  /** Chunks of snapshots. */
  readonly snapshot: Agent;
  readonly control: Agent;
  /** Writes on their way to the leader: each holds a connection until it is applied. */
  readonly forward: Agent;
}

export function createLanes(tls: TlsTrust | undefined): Lanes {
  const few = limits.rpc_connections_per_lane_max;
  return {
    pulse: createAgent(tls, few),
    append: createAgent(tls, few),
    snapshot: createAgent(tls, few),
    control: createAgent(tls, few),
    forward: createAgent(tls, limits.forwards_in_flight_max),
  };
}

export function closeLanes(lanes: Lanes): void {
  lanes.pulse.destroy();
  lanes.append.destroy();
  lanes.snapshot.destroy();
  lanes.control.destroy();
  lanes.forward.destroy();
}

function createAgent(tls: TlsTrust | undefined, connections_max: number): Agent {
  const options = { keepAlive: true, noDelay: true, maxSockets: connections_max };
  return tls === undefined ? new HttpAgent(options) : new HttpsAgent({ ...options, ca: tls.ca });
}
