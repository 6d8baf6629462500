import type { Envelope } from './envelope.ts';
import type { Caller } from './keyring.ts';

interface RouteBase {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /**
   * Whether a sender may leave cluster and destination empty because it knows neither. Such a request
   * can be replayed to a replica that restarted, so the handler must be one that may run twice.
   */
  readonly accepts_strangers: boolean;
  /** Whose key opens it, and nobody else's; a replica's unless given. */
  readonly caller?: Caller;
}

/** The body of the request is JSON (or empty: undefined); so is that of the answer. */
export interface JsonRoute extends RouteBase {
  readonly format: 'json';
  handle(request: RouteRequest<unknown>): Promise<RouteAnswer<unknown>>;
}

/** The bodies are bytes. */
export interface BinaryRoute extends RouteBase {
  readonly format: 'binary';
  handle(request: RouteRequest<Buffer>): Promise<RouteAnswer<Uint8Array>>;
}

/** A call between replicas that is not a Raft message. A handler that throws is a defect: 500. */
export type Route = JsonRoute | BinaryRoute;

interface RouteRequest<Body> {
  /** Verified: from whom, and with what body. */
  readonly envelope: Envelope;
  readonly body: Body;
}

interface RouteAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

export const JSON_CONTENT_TYPE = 'application/json';
export const BINARY_CONTENT_TYPE = 'application/octet-stream';
