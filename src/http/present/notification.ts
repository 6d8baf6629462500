import { formatId } from '../../agenda/id.ts';
import type { IdPrefix } from '../../agenda/id.ts';
import type { Group, Key, Notification } from '../../agenda/model.ts';
import { isGone } from '../../agenda/retention.ts';
import { sightOf } from '../../agenda/sight.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { formatInstant } from '../instant.ts';
import type { NotificationOut, NotificationPayload } from './notification-schema.ts';

/** To whom it belongs, who alone reads it. */
export function presentNotification(view: AgendaView, notification: Notification): NotificationOut {
  const { key, user_key, type, read_at, created_at } = notification;
  return {
    id: formatId('ntf', key),
    user_id: formatId('usr', user_key),
    type,
    payload: { ...idsOf(notification), ...namesOf(view, notification) },
    ...(read_at === null ? {} : { read_at: formatInstant(read_at) }),
    created_at: formatInstant(created_at),
  };
}

function idsOf(notification: Notification): NotificationPayload {
  const { actor_key, subject_key, group_key, appointment_key, proposal_key, post_key } =
    notification;
  return {
    ...idIfThere('actor_id', 'usr', actor_key),
    ...idIfThere('user_id', 'usr', subject_key),
    ...idIfThere('group_id', 'grp', group_key),
    ...idIfThere('appointment_id', 'apt', appointment_key),
    ...idIfThere('proposal_id', 'prp', proposal_key),
    ...idIfThere('post_id', 'pst', post_key),
  };
}

/** Usernames are no secret: whoever is logged in finds everybody. */
function namesOf(view: AgendaView, notification: Notification): NotificationPayload {
  const { actor_key, subject_key } = notification;
  return {
    ...ifThere('actor_username', usernameOf(view, actor_key)),
    ...ifThere('username', usernameOf(view, subject_key)),
    ...ifThere('group_name', groupName(view, notification)),
    ...ifThere('appointment_title', appointmentTitle(view, notification)),
  };
}

function usernameOf(view: AgendaView, key: Key | null): string | null {
  return key === null ? null : (view.userByKey(key)?.username ?? null);
}

function groupName(view: AgendaView, notification: Notification): string | null {
  const { group_key, user_key } = notification;
  const group = group_key === null ? null : view.groups.groupByKey(group_key);
  if (group === null) return null;
  const is_member = view.groups.memberOf(group.key, user_key) !== null;
  return is_member || tellsOfLeaving(notification, group) ? group.name : null;
}

/**
 * Who is told that they are no longer in a group learns of which, unless it has another name since: that
 * one is none of theirs.
 */
function tellsOfLeaving(notification: Notification, group: Group): boolean {
  const { type, subject_key, user_key, created_at } = notification;
  return (
    type === 'group_member_removed' && subject_key === user_key && group.updated_at <= created_at
  );
}

function appointmentTitle(
  view: AgendaView,
  { appointment_key, user_key }: Notification,
): string | null {
  const appointment = appointment_key === null ? null : view.appointmentByKey(appointment_key);
  if (appointment === null || isGone(appointment, view.stateTime())) return null;
  return sightOf(view, user_key, appointment) === 'full' ? appointment.title : null;
}

function idIfThere<Name extends string>(
  name: Name,
  prefix: IdPrefix,
  key: Key | null,
): { readonly [N in Name]?: string } {
  return ifThere(name, key === null ? null : formatId(prefix, key));
}

function ifThere<Name extends string>(
  name: Name,
  value: string | null,
): { readonly [N in Name]?: string } {
  return value === null ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}
