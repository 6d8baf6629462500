import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { must } from '../base/assert.ts';
import type { Caller } from './authenticate.ts';
import type { Exchange } from './exchange.ts';
import type { RouteDescription } from './route-description.ts';

/**
 * - `write` appends to the log: it is routed to the leader and may carry an `Idempotency-Key`;
 * - `read` is linearizable unless asked otherwise;
 * - `local` answers from this replica itself and never needs a majority;
 * - `probe` is `local` for machines that look after the process: its query is ignored.
 */
type RouteKind = 'write' | 'read' | 'local' | 'probe';

/** `operator`: a person's token or `X-Audit-Token`; `auditor`: both. */
type RouteAccess = 'public' | 'user' | 'operator' | 'auditor';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Instead of a body in plain JSON. */
  readonly text?: { readonly content_type: string; readonly content: string | Uint8Array };
  /** Instead of either: JSON in pieces, made while they are sent. */
  readonly chunks?: AsyncIterable<string>;
}

export interface RouteContext<Body = unknown, Query = unknown> {
  readonly request: IncomingMessage;
  readonly exchange: Exchange;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  /** The body as the client sent it, before defaults: what a fingerprint is taken of. */
  readonly json: unknown;
  readonly idempotency_key: string | null;
  /** Another replica leads, and the client is not sent there: what is proposed is handed to it. */
  readonly is_forwarded: boolean;
  /** Who sent it, as far as `TRUST_PROXY` lets it be known. */
  readonly client_address: () => string;
  /** There on routes for users. */
  readonly caller: Caller | null;
}

/** One line of the route table. */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Template: `/api/appointments/:id`. */
  readonly path: string;
  readonly kind: RouteKind;
  readonly access: RouteAccess;
  readonly description: RouteDescription;
  /**
   * A success ends the session it was asked with. Sent again with its key, it comes with an ended session,
   * and the handler answers what is remembered or refuses: see `Caller.has_ended`.
   */
  readonly ends_session?: boolean;
  /** Without one, the request has no body. */
  readonly body?: z.ZodType<Body>;
  /** The body may be left out: it is then an empty object. */
  readonly has_optional_body?: boolean;
  /** Without one, the request takes no parameters. */
  readonly query?: z.ZodType<Query>;
  /** Of a `read`: this one is answered from this replica itself, without a majority. */
  reads_locally?(query: Query): boolean;
  handle(context: RouteContext<Body, Query>): Promise<Answer> | Answer;
}

/** Lines that belong together, under the name that the description of the API gives them. */
export interface RouteSection {
  readonly name: string;
  readonly routes: readonly Route[];
}

/** Keeps schema and handler of one line in step; the table itself does not know their types. */
export function defineRoute<Body = undefined, Query = unknown>(route: Route<Body, Query>): Route {
  return route;
}

/** The caller of a route for users. */
export function callerOf(context: RouteContext): Caller {
  return must(context.caller, 'a route for users without a caller');
}

/** A path parameter of the route's own template. */
export function parameterOf(context: RouteContext, name: string): string {
  return must(context.params[name], `no path parameter ${name}`);
}
