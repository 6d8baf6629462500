import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Key } from '../agenda/model.ts';
import { limits } from '../limits.ts';
import { startDeadline } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { reduceTarget } from './serve/request-target.ts';

/** What is known of a request from its first byte to its answer. */
export interface Exchange {
  readonly request_id: string;
  /** Of the answer, however it ends: names and values in turn. */
  readonly fields: string[];
  readonly started_at_ms: number;
  /** Begins when the request is here as a whole: a slow upload is the client's own time. */
  deadline: Deadline;
  /** As the client sent it, without the ticket. */
  readonly path_and_query: string;
  readonly path: string;
  /** The redirect ticket, cut from the URL before anything else can see or log it. */
  readonly ticket: string | null;
  /** Template of the route that serves it, for metrics and logs. */
  route: string;
  /** The leader that answered a write which was forwarded. */
  served_by: string | null;
  /** Who asks, once that is known; null: nobody is logged in. */
  actor_key: Key | null;
  /** The audit was told how it ends. */
  is_audited: boolean;
}

const UNMATCHED = 'unmatched';
const TICKET_PARAMETER = 'ticket=';
const well_formed_request_id = new RegExp(
  `^[A-Za-z0-9._-]{1,${limits.request_id_characters_max}}$`,
);

/** Reduces `request.url` to path and query, cuts the ticket from it, and begins to measure. */
export function beginExchange(request: IncomingMessage): Exchange {
  reduceTarget(request);
  const { path_and_query, ticket } = cutTicket(request.url ?? '/');
  request.url = path_and_query;
  const query_at = path_and_query.indexOf('?');
  const request_id = requestIdOf(request);
  return {
    request_id,
    fields: ['X-Request-Id', request_id],
    started_at_ms: performance.now(),
    deadline: startDeadline(),
    path_and_query,
    path: query_at === -1 ? path_and_query : path_and_query.slice(0, query_at),
    ticket,
    route: UNMATCHED,
    served_by: null,
    actor_key: null,
    is_audited: false,
  };
}

/** Whether a text may be a request id: anything else is never logged or stored. */
export function isRequestId(text: string): boolean {
  return well_formed_request_id.test(text);
}

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && isRequestId(given) ? given : randomUUID();
}

function cutTicket(url: string): { path_and_query: string; ticket: string | null } {
  const query_at = url.indexOf('?');
  if (query_at === -1 || !url.includes(TICKET_PARAMETER, query_at)) {
    return { path_and_query: url, ticket: null };
  }
  let ticket: string | null = null;
  const kept = url
    .slice(query_at + 1)
    .split('&')
    .filter((parameter) => {
      if (!parameter.startsWith(TICKET_PARAMETER)) return true;
      ticket = parameter.slice(TICKET_PARAMETER.length);
      return false;
    });
  const path = url.slice(0, query_at);
  return { path_and_query: kept.length === 0 ? path : `${path}?${kept.join('&')}`, ticket };
}
