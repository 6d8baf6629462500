import type { Instant, Key, Notification } from './model.ts';
import type { Refusal } from './refusal.ts';

/**
 * What a success is rebuilt from: compact, because it is kept for a day under a request key. The version
 * is the one the command made; the answer shows the thing as it was then.
 */
export type Answer =
  | { readonly kind: 'user'; readonly key: Key; readonly version: number }
  | ProfileAnswer
  | GroupAnswer
  | NotificationAnswer
  | { readonly kind: AnswerKind; readonly key: Key; readonly version: number };

type AnswerKind =
  | 'appointment'
  | 'participant'
  | 'proposal'
  | 'objection'
  | 'member'
  /** How many were read: `version`. */
  | 'notifications'
  | 'post'
  /** Of what nobody waits for. */
  | 'work'
  /** Of events for the audit; the key is their source's. */
  | 'audit';

/** A group, and how its reader stood in it. */
interface GroupAnswer {
  readonly kind: 'group';
  readonly key: Key;
  readonly version: number;
  readonly my_rank: number;
}

/** A notification as it was left: it may go at any time, because there are newer ones or it is old. */
interface NotificationAnswer {
  readonly kind: 'notification';
  readonly key: Key;
  readonly version: number;
  readonly notification: Notification;
}

/** A profile as the command left it: earlier ones are kept nowhere else. The rest of a user never changes. */
export interface ProfileAnswer {
  readonly kind: 'profile';
  readonly key: Key;
  readonly version: number;
  readonly display_name: string;
  readonly email: string;
  readonly time_zone: string;
  readonly locale: string;
  readonly share_busy: boolean;
  readonly updated_at: Instant;
}

/** What apply says of a command; equal on every replica. */
export type CommandOutcome =
  | { readonly kind: 'done'; readonly answer: Answer; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };
