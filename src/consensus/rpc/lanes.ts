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
  /** Votes, heartbeats, read indexes: answered from memory or after one small write. */
  readonly pulse: Agent;
  readonly append: Agent;
  readonly control: Agent;
}

export function createLanes(tls: TlsTrust | undefined): Lanes {
  return { pulse: createAgent(tls), append: createAgent(tls), control: createAgent(tls) };
}

export function closeLanes(lanes: Lanes): void {
  lanes.pulse.destroy();
  lanes.append.destroy();
  lanes.control.destroy();
}

function createAgent(tls: TlsTrust | undefined): Agent {
  const options = {
    keepAlive: true,
    noDelay: true,
    maxSockets: limits.rpc_connections_per_lane_max,
  };
  return tls === undefined ? new HttpAgent(options) : new HttpsAgent({ ...options, ca: tls.ca });
}
