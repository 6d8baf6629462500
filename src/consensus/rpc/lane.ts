/** Whom to trust when replicas speak over TLS. */
export interface TlsTrust {
  /** PEM. */
  readonly ca: string;
}

/** A request to one replica, complete and signed. */
export interface Question {
  /** `host:port`; an IPv6 address in brackets. */
  readonly address: string;
  readonly method: string;
  readonly target: string;
  /** Empty: none. */
  readonly content_type: string;
  readonly envelope_text: string;
  readonly signature: string;
  readonly body: Uint8Array;
  readonly timeout_ms: number;
}

/** An answer as it came: nothing of it is verified. */
export interface RawAnswer {
  readonly status: number;
  readonly content_type: string;
  readonly envelope_text: string;
  readonly signature: string;
  readonly body: Buffer;
}

/** Kept connections for one sort of request, to all replicas. */
export interface Lane {
  /**
   * One request and its answer.
   *
   * @throws {RpcError} `no_address`, `no_connection`, `unreachable`, `stale_connection`, `timeout` or `bad_answer`
   */
  exchange(question: Question): Promise<RawAnswer>;
  /** Ends all connections; what is under way is `unreachable`. */
  close(): void;
}
