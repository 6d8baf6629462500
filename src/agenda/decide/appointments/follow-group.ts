import { assert, unreachable } from '../../../base/assert.ts';
import { limits } from '../../../limits.ts';
import type { RowChange } from '../../change.ts';
import type {
  AppointmentsOfDeletedGroup,
  AppointmentsOfJoinedMember,
  AppointmentsOfLeftMember,
} from '../../command.ts';
import type { AgendaEvent } from '../../event.ts';
import type { Appointment, Key, Participant, Work } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { announce, toldOf } from './announce.ts';
import { cancelled } from './cancel.ts';
import { toldOfBeingOn } from './create.ts';
import { meetingChanges, meetingOf, participantWith, withStatus } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { newParticipant } from './people.ts';

type Consequence =
  AppointmentsOfDeletedGroup | AppointmentsOfJoinedMember | AppointmentsOfLeftMember;

const kinds = {
  'appointments.group_deleted': 'group_deleted',
  'appointments.member_joined': 'member_joined',
  'appointments.member_left': 'member_left',
} as const;

/** One appointment's share of a slice. */
interface Share {
  readonly changes: readonly RowChange[];
  readonly events: readonly AgendaEvent[];
  readonly told: readonly Told[];
  /** What had to be read for it besides the appointment itself, in rows; more or less. */
  readonly reads: number;
}

/** Nothing comes of it, and so many rows were read to know that. */
function nothingAfter(reads: number): Share {
  return { changes: [], events: [], told: [], reads };
}

/**
 * What a change of a group means for its appointments that are to come: as many as fit, in the same
 * transaction; the rest is work that goes on in slices, after what was begun before.
 */
export function followGroup(view: RulesView, body: Consequence, context: DecideContext): Decision {
  const work: Work = {
    key: context.nextKey(),
    kind: kinds[body.kind],
    group_key: body.group_key,
    user_key: 'user_key' in body ? body.user_key : null,
    actor_key: body.actor_key,
    after_start: context.state_time,
    after_key: 0,
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
  };
  // What it follows from writes rows of its own, so here even the first appointment must fit.
  const slice = sliceOf(view, work, { context, rankOf, is_first_whole: false });
  function rankOf(user_key: Key): number | null {
    if ('user_key' in body && body.user_key === user_key) return body.rank;
    return view.groups.memberOf(work.group_key, user_key)?.rank ?? null;
  }
  const { rest } = slice;
  const row = rest === null ? [] : [{ op: 'insert', table: 'work', row: rest } as const];
  return {
    kind: 'done',
    changes: [...slice.changes, ...row],
    answer: null,
    consequences: [],
    events: slice.events,
    told: slice.told,
  };
}

/** The next slice of what was begun; the work is gone with the last. */
export function continueWork(view: RulesView, work: Work, context: DecideContext): Decision {
  const slice = sliceOf(view, work, {
    context,
    rankOf: (user_key) => view.groups.memberOf(work.group_key, user_key)?.rank ?? null,
    is_first_whole: true,
  });
  const { rest } = slice;
  const row: RowChange =
    rest === null
      ? { op: 'delete', table: 'work', row: { key: work.key } }
      : { op: 'update', table: 'work', row: { ...rest, version: work.version + 1 } };
  return {
    kind: 'done',
    changes: [...slice.changes, row],
    answer: { kind: 'work', key: work.key, version: work.version },
    consequences: [],
    events: slice.events,
    told: slice.told,
  };
}

/** Somebody's rank in the group once the command is done; null: they are not in it. */
type RankOf = (user_key: Key) => number | null;

interface SliceContext {
  readonly context: DecideContext;
  readonly rankOf: RankOf;
  /** The first appointment is done whatever rows it takes: else a large one would never be. */
  readonly is_first_whole: boolean;
}

/** The member whose rank is asked for, and whoever is on an appointment, are a row each. */
const RANK_READS = 1;
const PERSON_READS = 1;

/** So many rows are read to change an appointment: its people, and everybody who sees it, twice. */
function readsOf({ participants }: Meeting, view: RulesView, { group_key }: Work): number {
  return participants.length + 2 * (view.groups.memberCount(group_key) + participants.length);
}

/** Appointments looked at in one read. */
const READ_AT_ONCE = 32;

/** Of each person told: a notification, and one that goes for it. */
const ROWS_PER_TOLD = 2;

/**
 * By the keys of the appointments, which stay when one is moved meanwhile. Bounded in rows written and in
 * rows read: while it is applied, nothing else is.
 */
function sliceOf(
  view: RulesView,
  work: Work,
  at: SliceContext,
): Omit<Share, 'reads'> & { readonly rest: Work | null } {
  const changes: RowChange[] = [];
  const events: AgendaEvent[] = [];
  const told: Told[] = [];
  let after_key = work.after_key;
  let reads = 0;
  let rows = 0;
  for (;;) {
    const found = view.groupAppointmentsAfter(work.group_key, after_key, READ_AT_ONCE);
    reads += found.length;
    for (const appointment of found) {
      if (reads >= limits.work_slice_reads)
        return { changes, events, told, rest: { ...work, after_key } };
      const is_to_come = appointment.start > work.after_start;
      const share = is_to_come ? shareOf(view, work, appointment, at) : nothingAfter(0);
      const more = share.changes.length + ROWS_PER_TOLD * share.told.length;
      const is_too_much =
        rows + more > limits.work_slice_rows && !(at.is_first_whole && rows === 0);
      if (is_too_much) return { changes, events, told, rest: { ...work, after_key } };
      rows += more;
      reads += share.reads;
      changes.push(...share.changes);
      events.push(...share.events);
      told.push(...share.told);
      assert(appointment.key > after_key, 'the appointments of a group are out of order');
      after_key = appointment.key;
    }
    if (found.length < READ_AT_ONCE) return { changes, events, told, rest: null };
  }
}

function shareOf(view: RulesView, work: Work, appointment: Appointment, at: SliceContext): Share {
  switch (work.kind) {
    case 'group_deleted':
      return cancelledWithGroup(view, work, appointment, at);
    case 'member_joined':
      return joined(view, work, appointment, at);
    case 'member_left':
      return left(view, work, appointment, at);
    default:
      return unreachable(work.kind);
  }
}

function cancelledWithGroup(
  view: RulesView,
  work: Work,
  appointment: Appointment,
  { context }: SliceContext,
): Share {
  if (appointment.cancelled_at !== null) return nothingAfter(0);
  const before = meetingOf(view, appointment);
  const { actor_key } = work;
  const decision = cancelled(view, before, actor_key, context);
  assert(decision.kind === 'done', 'an appointment that cannot be cancelled');
  const owner = toldOf(before, appointment.owner_key, 'appointment_cancelled', actor_key);
  const { changes, events, told = [] } = decision;
  return { changes, events, told: [owner, ...told], reads: readsOf(before, view, work) };
}

/** Who joined, and is still there when the slice comes, is on it now. */
function joined(
  view: RulesView,
  work: Work,
  appointment: Appointment,
  { context, rankOf }: SliceContext,
): Share {
  const { user_key } = work;
  const is_out = !appointment.follow_group || appointment.owner_key === user_key;
  if (user_key === null || is_out) return nothingAfter(0);
  const rank = rankOf(user_key);
  if (rank === null) return nothingAfter(RANK_READS);
  const invited = view.participation.participantOf(appointment.key, user_key);
  if (invited !== null) return joinedByName(appointment, invited, context);
  const count = view.participation.participantCount(appointment.key);
  const reads = RANK_READS + PERSON_READS + count;
  // One more than may be on it stays off it; they see it on the agenda of the group.
  if (count >= limits.participants_max) return nothingAfter(reads);
  const before = meetingOf(view, appointment);
  const owner_rank = rankOf(appointment.owner_key);
  const status = owner_rank !== null && rank < owner_rank ? 'auto' : 'pending';
  const how = { status, is_optional: false, by_group: true, by_name: false } as const;
  const participant = newParticipant(appointment, user_key, how, context);
  const people = [...before.participants, participant];
  const after = withStatus({ appointment, participants: people }, context);
  return {
    changes: meetingChanges(before, after, context),
    events: announce(view, 'appointment.answered', { before, after }),
    // They are on a cancelled one too, for the case that it is restored; that is when they are told.
    told: appointment.cancelled_at === null ? [toldOfBeingOn(after, participant)] : [],
    reads: reads + readsOf(before, view, work),
  };
}

/** Who was invited already keeps their answer, and is on it as a member too. */
function joinedByName(
  appointment: Appointment,
  invited: Participant,
  context: DecideContext,
): Share {
  const reads = RANK_READS + PERSON_READS;
  if (invited.by_group) return nothingAfter(reads);
  const participant = participantWith(invited, { by_group: true }, context);
  // Of the others nothing changes, so they need not be read.
  const before = { appointment, participants: [invited] };
  const after = { appointment, participants: [participant] };
  return { ...nothingAfter(reads), changes: meetingChanges(before, after, context) };
}

/**
 * Who left, and has not come back, is off it, unless they were named besides, or it does not follow the
 * group: then they are on it by themselves.
 */
function left(
  view: RulesView,
  work: Work,
  appointment: Appointment,
  { context, rankOf }: SliceContext,
): Share {
  const { user_key } = work;
  if (user_key === null || rankOf(user_key) !== null) return nothingAfter(RANK_READS);
  const reads = RANK_READS + PERSON_READS;
  const found = view.participation.participantOf(appointment.key, user_key);
  if (found === null || !(found.by_group || found.status === 'auto')) return nothingAfter(reads);
  const before = meetingOf(view, appointment);
  const leaver = before.participants.find((one) => one.user_key === user_key);
  assert(leaver !== undefined, 'somebody on it who is not on it');
  const is_on_it_still = leaver.by_name || !appointment.follow_group;
  const stays = is_on_it_still ? stayingByName(leaver, context) : null;
  const participants = before.participants.flatMap((one) => (one === leaver ? (stays ?? []) : one));
  const after = withStatus({ appointment, participants }, context);
  const is_asked_now = stays !== null && stays.status !== leaver.status;
  return {
    changes: meetingChanges(before, after, context),
    events: announce(view, 'appointment.answered', { before, after, without_key: user_key }),
    told: is_asked_now && appointment.cancelled_at === null ? [toldOfBeingOn(after, stays)] : [],
    reads: reads + readsOf(before, view, work),
  };
}

/** Outside the group nobody is above them: who was placed is asked. */
function stayingByName(leaver: Participant, context: DecideContext): Participant {
  const status = leaver.status === 'auto' ? 'pending' : leaver.status;
  return participantWith(leaver, { by_group: false, by_name: true, status }, context);
}
