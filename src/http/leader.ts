import type { Request } from 'express';
import { ticketedRequest } from './authenticate.ts';
import type { Caller } from './authenticate.ts';
import { remainingMs } from './deadline.ts';
import type { Exchange } from './exchange.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError } from './problem.ts';
import type { Answer } from './route.ts';
import type { ApiServices } from './services.ts';
import { cutTicketFor } from './ticket.ts';

type RoutingServices = Pick<
  ApiServices,
  'replica' | 'secrets' | 'addresses' | 'public_url' | 'now_ms'
>;

/** A write on its way to the leader. */
export interface RoutedWrite {
  readonly request: Request;
  readonly exchange: Exchange;
  readonly caller: Caller | null;
  readonly raw_body: Buffer;
}

/** The consensus said after all that another replica leads; nothing was proposed. */
export class LeadershipMoved extends Error {
  override name = 'LeadershipMoved';
}

/**
 * Null when this replica leads; else the 307 that sends a standard client to the leader. A hint: the truth
 * is the consensus refusing with "not leader". Throws `no_leader` when there is none within the deadline,
 * when the leader has no address of the kind the client used, and for what was redirected before.
 */
export async function routeToLeader(
  services: RoutingServices,
  write: RoutedWrite,
): Promise<Answer | null> {
  const { node_id, role } = services.replica.status();
  if (role === 'leader') return null;
  if (write.exchange.ticket !== null) throw noLeader('Leadership moved meanwhile; try again.');
  const leader = await services.replica.waitForLeader(remainingMs(write.exchange.deadline));
  if (leader === null) throw noLeader('There is no leader at this moment; try again.');
  if (leader.node_id === node_id) return null;
  return redirectTo(services, write, leader.node_id);
}

function redirectTo(services: RoutingServices, write: RoutedWrite, leader_id: string): Answer {
  const { request, exchange } = write;
  const address = services.addresses().find((known) => known.node_id === leader_id);
  const is_public = isPublicHost(services.public_url, request);
  const base = is_public ? address?.public_url : address?.address_url;
  if (base === undefined || base === null) {
    throw noLeader(`No address of the leader ${leader_id} can be told you; try again.`);
  }
  const came_secure =
    request.secure || (is_public && services.public_url?.startsWith('https:') === true);
  if (came_secure && !base.startsWith('https:')) {
    throw noLeader(`The leader ${leader_id} cannot be reached over https.`);
  }
  const leader = base.replace(/\/$/, '');
  return {
    status: 307,
    headers: {
      Location: `${leader}${exchange.path_and_query}${ticketFor(services, write, leader_id)}`,
    },
    text: {
      content_type: PROBLEM_CONTENT_TYPE,
      content: JSON.stringify({
        type: 'about:blank',
        title: 'Temporary Redirect',
        status: 307,
        detail: 'This replica does not lead: send the same request to the address in Location.',
        request_id: exchange.request_id,
        leader_id,
        leader,
      }),
    },
  };
}

/** A client drops its token on the way to another host, so the session travels in the query. */
function ticketFor(services: RoutingServices, write: RoutedWrite, leader_id: string): string {
  const { request, exchange, caller, raw_body } = write;
  if (caller === null) return '';
  const bound_to = ticketedRequest(request, exchange, raw_body, leader_id);
  const ticket = cutTicketFor(services.secrets.ticket, caller.session, bound_to, services.now_ms());
  return `${exchange.path_and_query.includes('?') ? '&' : '?'}ticket=${ticket}`;
}

/** Whether the client spoke to this replica by its `PUBLIC_URL`; then it can reach the leader's alike. */
function isPublicHost(public_url: string | null, request: Request): boolean {
  if (public_url === null) return false;
  const { protocol, host } = new URL(public_url);
  const asked = request.headers.host;
  if (asked === undefined || !URL.canParse(`${protocol}//${asked}`)) return false;
  return new URL(`${protocol}//${asked}`).host === host;
}

function noLeader(detail: string): ProblemError {
  return new ProblemError({ code: 'no_leader', detail });
}
