import { must } from '../../base/assert.ts';
import { ownerPartKey, parseId } from '../../agenda/id.ts';
import type { Appointment, Key, Participant, Proposal } from '../../agenda/model.ts';
import { standingOf } from '../../agenda/proposal.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { presentAppointment } from '../present/appointment.ts';
import { presentObjection } from '../present/objection.ts';
import { presentOwner, presentParticipant } from '../present/participant.ts';
import type { ParticipantOut } from '../present/participant-schema.ts';
import { presentProposal } from '../present/proposal.ts';
import { ProblemError } from '../problem.ts';
import { etagOf } from '../propose.ts';
import { callerOf, parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { pageByKey } from './cursor.ts';
import type { KeyPage } from './cursor.ts';
import { noSuchProposal } from './proposals.ts';
import type { PageQuery } from './query-schema.ts';
import { seenAppointment, standingIn } from './see.ts';

/** Somebody who takes part; the owner is the first. */
interface Part {
  readonly key: Key;
  /** Null: the owner. */
  readonly participant: Participant | null;
}

/** `GET /api/appointments/{id}`. */
export function readAppointment(services: ApiServices, context: RouteContext): Answer {
  const { view, appointment, viewer_key } = lookAt(services, context);
  const standing = standingIn(view.participation, appointment, viewer_key);
  return {
    status: 200,
    headers: { ETag: etagOf(appointment.version) },
    body: {
      appointment: presentAppointment(appointment, standing, services.clusterId()),
      participants: partsIn(view, appointment).map((part) =>
        show(view, appointment, part, viewer_key),
      ),
    },
  };
}

/** `GET /api/appointments/{id}/participants`. */
export function readParticipants(
  services: ApiServices,
  context: RouteContext<unknown, PageQuery>,
): Answer {
  const { view, appointment, viewer_key } = lookAt(services, context);
  const page = pageByKey(partsIn(view, appointment), context.query);
  return listed(page, (part) => show(view, appointment, part, viewer_key));
}

/** `GET /api/appointments/{id}/my-status`: only for who is on it. */
export function readMyStatus(services: ApiServices, context: RouteContext): Answer {
  const { view, appointment, viewer_key } = lookAt(services, context);
  const mine = partsIn(view, appointment).find(
    ({ participant }) => (participant?.user_key ?? appointment.owner_key) === viewer_key,
  );
  if (mine === undefined) {
    throw new ProblemError({ code: 'not_found', detail: 'You are not on this appointment.' });
  }
  return { status: 200, body: show(view, appointment, mine, viewer_key) };
}

/** `GET /api/appointments/{id}/proposals`, the oldest first. */
export function readProposals(
  services: ApiServices,
  context: RouteContext<unknown, PageQuery>,
): Answer {
  const appointment = seenAppointment(services, context);
  const proposals = services.replica.view.participation.proposalsOf(appointment.key);
  return listed(pageByKey(proposals, context.query), (one) => asItStands(one, appointment));
}

/** `GET /api/appointments/{id}/proposals/{pid}`. */
export function readProposal(services: ApiServices, context: RouteContext): Answer {
  const appointment = seenAppointment(services, context);
  const key = parseId('prp', parameterOf(context, 'pid'));
  const found = key === null ? null : services.replica.view.participation.proposalByKey(key);
  if (found === null || found.appointment_key !== appointment.key) throw noSuchProposal();
  return { status: 200, body: asItStands(found, appointment) };
}

/** `GET /api/appointments/{id}/objections`. */
export function readObjections(
  services: ApiServices,
  context: RouteContext<unknown, PageQuery>,
): Answer {
  const appointment = seenAppointment(services, context);
  const objections = services.replica.view.participation.objectionsOf(appointment.key);
  return listed(pageByKey(objections, context.query), presentObjection);
}

/** Who looks at which appointment. */
function lookAt(services: ApiServices, context: RouteContext) {
  const appointment = seenAppointment(services, context);
  return { view: services.replica.view, appointment, viewer_key: callerOf(context).user.key };
}

function asItStands(proposal: Proposal, appointment: Appointment) {
  return presentProposal(proposal, standingOf(proposal, appointment));
}

function listed<Row>(page: KeyPage<Row>, present: (row: Row) => object): Answer {
  const items = page.rows.map(present);
  const { next_cursor } = page;
  return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
}

function partsIn(view: AgendaView, { key: appointment_key }: Appointment): readonly Part[] {
  return [
    { key: ownerPartKey(appointment_key), participant: null },
    ...view.participation
      .participantsOf(appointment_key)
      .map((participant) => ({ key: participant.key, participant })),
  ];
}

/**
 * A part with whether it is in conflict, where that is the viewer's to know: one's own; and for the owner,
 * those who were placed. Of an invitation nobody is asked whether there is time, so it is shown.
 */
function show(
  view: AgendaView,
  appointment: Appointment,
  part: Part,
  viewer_key: Key,
): ParticipantOut {
  const user_key = part.participant?.user_key ?? appointment.owner_key;
  const out = presentPart(view, appointment, part);
  const is_placed_by_viewer = out.status === 'auto' && appointment.owner_key === viewer_key;
  if (user_key !== viewer_key && !is_placed_by_viewer) return out;
  return { ...out, has_conflict: hasConflict(view, appointment, user_key) };
}

function presentPart(
  view: AgendaView,
  appointment: Appointment,
  { participant }: Part,
): ParticipantOut {
  const user_key = participant?.user_key ?? appointment.owner_key;
  const user = must(view.userByKey(user_key), 'a part of nobody');
  return participant === null
    ? presentOwner(appointment, user)
    : presentParticipant(participant, user);
}

function hasConflict(
  view: AgendaView,
  { key: except_key, start, end, busy, cancelled_at }: Appointment,
  user_key: Key,
): boolean {
  if (!busy || cancelled_at !== null) return false;
  return view.busyOverlapping(user_key, { start, end, except_key }, 1).length > 0;
}
