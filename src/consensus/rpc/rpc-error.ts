export type RpcErrorCode =
  /** The node is at no known address, or what is given is none. */
  | 'no_address'
  /** A Raft message before this replica belongs to a cluster. */
  | 'no_cluster'
  /** No connection came about: nothing was sent. */
  | 'no_connection'
  /** The connection broke: the request may have been acted upon. */
  | 'unreachable'
  /** A kept connection turned out to be closed: the same. */
  | 'stale_connection'
  /** No answer in time: the same. */
  | 'timeout'
  /** The one asked answered, verified, that it will not. */
  | 'refused'
  /** An answer that does not prove to come from the one asked, or that makes no sense. */
  | 'bad_answer'
  | 'closed';

/** A request between replicas that got no answer to rely on; the codes are a closed list. */
export class RpcError extends Error {
  override name = 'RpcError';
  readonly code: RpcErrorCode;
  /** Of an answer that came without a signature; null otherwise. */
  readonly unsigned_status: number | null;

  constructor(code: RpcErrorCode, message: string, unsigned_status: number | null = null) {
    super(message);
    this.code = code;
    this.unsigned_status = unsigned_status;
  }
}
