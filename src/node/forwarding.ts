import type { Route } from '../consensus/rpc/route.ts';
import { RpcError } from '../consensus/rpc/rpc-error.ts';
import type { RpcErrorCode } from '../consensus/rpc/rpc-error.ts';
import type { ApiDependencies, ForwardResult } from '../http/dependencies.ts';
import { limits } from '../limits.ts';
import type { NodeConsensus } from './consensus.ts';

const PROPOSE_PATH = '/raft/propose';
const SENT_NOTHING: readonly RpcErrorCode[] = [
  'no_address',
  'no_cluster',
  'no_connection',
  'closed',
];

/** Sends writes to the leader; never one of them twice. */
export function createForward({
  transport,
  book,
}: Pick<NodeConsensus, 'transport' | 'book'>): ApiDependencies['forward'] {
  let under_way = 0;
  return async (leader, command, timeout_ms) => {
    const address = book.dialableAddress(leader);
    if (address === null || timeout_ms < 1) return { kind: 'not_sent' };
    if (under_way >= limits.forwards_in_flight_max) return { kind: 'overloaded' };
    under_way += 1;
    try {
      const options = { destination: leader, lane: 'forward', timeout_ms } as const;
      const { status, body } = await transport.call(
        address,
        'POST',
        PROPOSE_PATH,
        command,
        options,
      );
      if (status === 200) return { kind: 'answered', body };
      // A defect there may have come at any time; every other refusal comes before the command is read.
      return { kind: status === 500 ? 'unknown' : 'not_sent' };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return failureOf(error);
    } finally {
      under_way -= 1;
    }
  };
}

function failureOf({ code }: RpcError): ForwardResult {
  return { kind: SENT_NOTHING.includes(code) ? 'not_sent' : 'unknown' };
}

/** Takes the writes that others send here. */
export function forwardRoute(
  receive: (source_node_id: string, command: unknown) => Promise<unknown>,
): Route {
  return {
    method: 'POST',
    path: PROPOSE_PATH,
    accepts_strangers: false,
    format: 'json',
    handle: async ({ envelope, body }) => ({
      status: 200,
      body: await receive(envelope.source.node_id, body),
    }),
  };
}
