import type { Key } from './model.ts';

/**
 * Tells those concerned that something changed: ids, never content, because who may see what is judged
 * when it is read.
 */
export interface AgendaEvent {
  readonly kind:
    | 'user.registered'
    | 'user.updated'
    /** All tokens made before are void. */
    | 'user.sessions_ended'
    | 'appointment.created'
    | 'appointment.updated'
    | 'appointment.cancelled'
    | 'appointment.restored';
  /** Of the user or the appointment. */
  readonly key: Key;
  /** Its version after the change. */
  readonly version: number;
  /** Keys of the users it is told to, ascending; settled when the change was applied. */
  readonly audience: readonly Key[];
}
