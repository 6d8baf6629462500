import type { Key } from './model.ts';

export type AgendaEventKind =
  | 'user.registered'
  | 'user.updated'
  /** All tokens made before are void. */
  | 'user.sessions_ended'
  | 'appointment.created'
  | 'appointment.updated'
  | 'appointment.moved'
  | 'appointment.cancelled'
  | 'appointment.restored'
  /** Somebody on it answered, or was released. */
  | 'appointment.answered'
  /** Another time was proposed or judged, or somebody objected. */
  | 'appointment.discussed'
  /** It is no longer theirs to see. */
  | 'appointment.gone'
  | 'group.created'
  | 'group.updated'
  | 'group.deleted'
  | 'group.members_changed'
  /** Something changed on its agenda of which they see the times alone. */
  | 'group.busy_changed'
  | 'notification.created'
  | 'notification.read'
  | 'post.created'
  | 'post.deleted';

/**
 * Tells those concerned that something changed: ids, never content, because who may see what is judged
 * when it is read.
 */
export interface AgendaEvent {
  readonly kind: AgendaEventKind;
  /** Of the user, appointment, group, notification or post. */
  readonly key: Key;
  /** Its version after the change. */
  readonly version: number;
  /** Channels on which it is told, beside that of each person: of this group, of this appointment. */
  readonly group_key: Key | null;
  readonly appointment_key: Key | null;
  /** Keys of the users it is told to, ascending, settled when the change was applied; null: everybody. */
  readonly audience: readonly Key[] | null;
}
