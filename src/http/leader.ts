import type { IncomingMessage } from 'node:http';
import { must } from '../base/assert.ts';
import { ticketedRequest } from './authenticate.ts';
import type { Caller } from './authenticate.ts';
import { remainingMs } from './deadline.ts';
import type { LeaderRouting, NodeAddress } from './dependencies.ts';
import type { Exchange } from './exchange.ts';
import { addressKindOf } from './own-address.ts';
import type { AddressKind } from './own-address.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError } from './problem.ts';
import type { Answer } from './route.ts';
import type { ApiServices } from './services.ts';
import { cutTicketFor, ticketBodyHash } from './ticket.ts';

type RoutingServices = Pick<
  ApiServices,
  | 'replica'
  | 'secrets'
  | 'addresses'
  | 'public_url'
  | 'listens_on'
  | 'leader_routing'
  | 'now_ms'
  | 'senderOf'
>;

/** A write on its way to the leader. */
export interface RoutedWrite {
  readonly request: IncomingMessage;
  readonly exchange: Exchange;
  readonly caller: Caller | null;
  readonly raw_body: Buffer;
  /** `Agenda-Routing`; null: the client leaves it to the configuration. */
  readonly asked_routing: AskedRouting | null;
}

type AskedRouting = Exclude<LeaderRouting, 'auto'>;

/** Where a write goes. `here`: this replica leads, as far as it knows. */
export type WayToLeader =
  | { readonly kind: 'here' }
  | { readonly kind: 'forward' }
  | { readonly kind: 'redirect'; readonly answer: Answer };

/** The consensus said after all that another replica leads; nothing was proposed. */
export class LeadershipMoved extends Error {
  override name = 'LeadershipMoved';
}

/** `Agenda-Routing` of a write. Throws `invalid_request`. */
export function askedRoutingOf(request: IncomingMessage): AskedRouting | null {
  const asked = request.headers['agenda-routing'];
  if (asked === undefined || asked === 'forward' || asked === 'redirect') return asked ?? null;
  const detail = 'Agenda-Routing must be "forward" or "redirect", or left out.';
  throw new ProblemError({ code: 'invalid_request', detail });
}

/**
 * Where a write goes from here. A client that spoke to this very replica can be sent on to the leader; one
 * that came by a shared name cannot: there a redirect would loop. What was redirected before is not again.
 * A hint: the truth is the consensus refusing with "not leader". Throws `no_leader` when there is none
 * within the deadline.
 */
export async function wayToLeader(
  services: RoutingServices,
  write: RoutedWrite,
): Promise<WayToLeader> {
  const { node_id, role } = services.replica.status();
  if (role === 'leader') return { kind: 'here' };
  const routing = write.asked_routing ?? services.leader_routing;
  const { host } = services.senderOf(write.request);
  const kind = addressKindOf(ownAddresses(services, node_id), host);
  const may_redirect = routing === 'redirect' || (routing === 'auto' && kind !== null);
  if (write.exchange.ticket !== null || !may_redirect) return { kind: 'forward' };
  const leader = await services.replica.waitForLeader(remainingMs(write.exchange.deadline));
  if (leader === null) throw noLeader();
  if (leader.node_id === node_id) return { kind: 'here' };
  const address = services.addresses().find((known) => known.node_id === leader.node_id);
  const base = address === undefined ? null : reachableUrl(services, write, address, kind);
  if (base === null) return { kind: 'forward' };
  return { kind: 'redirect', answer: redirectTo(services, write, leader.node_id, base) };
}

/** What a request is told that found no leader within its time. */
export function noLeader(): ProblemError {
  const detail = 'There is no leader at this moment; nothing was changed, try again.';
  return new ProblemError({ code: 'no_leader', detail });
}

function ownAddresses({ addresses, public_url, listens_on }: RoutingServices, node_id: string) {
  const own = addresses().find((known) => known.node_id === node_id);
  const advertised_url = must(own, 'a replica that is not in its own address book').address_url;
  return { advertised_url, public_url, listens_on };
}

/** The leader's address of the kind the client used; null: there is none, or it would leave https. */
function reachableUrl(
  { public_url, senderOf }: RoutingServices,
  { request }: RoutedWrite,
  leader: NodeAddress,
  kind: AddressKind | null,
): string | null {
  const base =
    kind === 'public' || (kind === null && leader.public_url !== null)
      ? leader.public_url
      : leader.address_url;
  // The same for all replicas: it is a shared name after all.
  if (base === null || base === public_url) return null;
  const came_secure =
    senderOf(request).secure || (kind === 'public' && public_url?.startsWith('https:') === true);
  return came_secure && !base.startsWith('https:') ? null : base;
}

function redirectTo(
  services: RoutingServices,
  write: RoutedWrite,
  leader_id: string,
  base: string,
): Answer {
  const { exchange } = write;
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
  const secret = services.secrets.ticket;
  const body_hash = ticketBodyHash(secret, raw_body);
  const bound_to = ticketedRequest(request, exchange, body_hash, leader_id);
  const ticket = cutTicketFor(secret, caller.session, bound_to, services.now_ms());
  return `${exchange.path_and_query.includes('?') ? '&' : '?'}ticket=${ticket}`;
}
