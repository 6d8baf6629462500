import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import { limits } from '../../../limits.ts';
import type { InvitedPerson } from '../../command.ts';
import type { Appointment, Key, Participant } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import type { DecideContext } from '../decision.ts';
import { isAbove } from '../hierarchy.ts';
import { personNamed } from '../person.ts';
import { participantWith } from './meeting.ts';

/** Those named, each once, and whether they may stay away; the owner is on it anyway. */
export type Named = ReadonlyMap<Key, { readonly is_optional: boolean }>;

export function namedPeople(
  view: RulesView,
  owner_key: Key,
  invited: readonly InvitedPerson[],
): Result<Named, Refusal> {
  const named = new Map<Key, { is_optional: boolean }>();
  for (const person of invited) {
    const user = personNamed(view, person);
    if (user === null) {
      const who = person.username_folded === null ? '' : `: ${person.username_folded}`;
      return err({ code: 'not_found', detail: `One of the participants does not exist${who}.` });
    }
    if (user.key !== owner_key) named.set(user.key, { is_optional: person.is_optional });
  }
  return ok(named);
}

/**
 * Everybody on a new appointment: the members of its group, and those named. Who is ranked below the owner
 * is placed; everybody else is asked.
 */
export function newParticipants(
  view: RulesView,
  appointment: Appointment,
  named: Named,
  context: DecideContext,
): Result<readonly Participant[], Refusal> {
  const { owner_key, group_key } = appointment;
  const people = new Map<Key, Participant>();
  const members = group_key === null ? [] : view.groups.membersOf(group_key);
  const owner_rank = members.find(({ user_key }) => user_key === owner_key)?.rank ?? null;
  for (const { user_key, rank } of members) {
    if (user_key === owner_key) continue;
    const status = owner_rank !== null && rank < owner_rank ? 'auto' : 'pending';
    const is_optional = named.get(user_key)?.is_optional ?? false;
    const by = { by_group: true, by_name: named.has(user_key) };
    people.set(
      user_key,
      newParticipant(appointment, user_key, { status, is_optional, ...by }, context),
    );
  }
  for (const [user_key, { is_optional }] of named) {
    if (people.has(user_key)) continue;
    const by = { by_group: false, by_name: true };
    people.set(
      user_key,
      newParticipant(appointment, user_key, { status: 'pending', is_optional, ...by }, context),
    );
  }
  return withinBound([...people.values()]);
}

/**
 * Those on it once other people are named: who is new is placed or asked like those on a new one, who is no
 * longer named is off it.
 */
export function renamedParticipants(
  view: RulesView,
  appointment: Appointment,
  current: readonly Participant[],
  named: Named,
  context: DecideContext,
): Result<readonly Participant[], Refusal> {
  const kept: Participant[] = [];
  for (const one of current) {
    const wanted = named.get(one.user_key);
    if (wanted === undefined && !one.by_group) continue;
    const by_name = wanted !== undefined;
    const is_optional = wanted?.is_optional ?? false;
    const is_same = one.by_name === by_name && one.is_optional === is_optional;
    kept.push(is_same ? one : participantWith(one, { by_name, is_optional }, context));
  }
  const there = new Set(current.map(({ user_key }) => user_key));
  for (const [user_key, { is_optional }] of named) {
    if (there.has(user_key)) continue;
    const status = isBelowOwner(view, appointment, user_key) ? 'auto' : 'pending';
    const how = { status, is_optional, by_group: false, by_name: true } as const;
    kept.push(newParticipant(appointment, user_key, how, context));
  }
  return withinBound(kept);
}

function isBelowOwner(
  { groups }: RulesView,
  { group_key, owner_key }: Appointment,
  user_key: Key,
): boolean {
  return group_key !== null && isAbove(groups, group_key, owner_key, user_key);
}

export function newParticipant(
  { key: appointment_key }: Appointment,
  user_key: Key,
  how: Pick<Participant, 'status' | 'is_optional' | 'by_group' | 'by_name'>,
  context: DecideContext,
): Participant {
  return {
    key: context.nextKey(),
    appointment_key,
    user_key,
    ...how,
    note: null,
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
  };
}

function withinBound(people: readonly Participant[]): Result<readonly Participant[], Refusal> {
  if (people.length <= limits.participants_max) return ok(people);
  const detail = `At most ${limits.participants_max} people can be on an appointment.`;
  return err({ code: 'too_large', detail });
}
