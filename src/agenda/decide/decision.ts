import type { RowChange } from '../change.ts';
import type { CommandBody } from '../command.ts';
import type { AgendaEvent } from '../event.ts';
import type { Instant, Key, NotificationContent, User } from '../model.ts';
import type { Answer } from '../outcome.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';

/** Where and when a command is decided, equal on every replica. */
export interface DecideContext {
  /** Of the log entry. */
  readonly index: number;
  readonly state_time: Instant;
  /** Who it is, their token already compared with the state; null for what needs no token. */
  readonly by: User | null;
  readonly origin_node: string;
  readonly request_id: string;
  /** Until when its success is remembered under a request key; null: it has none. */
  readonly remembered_until: Instant | null;
  /** The next key that this entry hands out. */
  nextKey(): Key;
}

/** What a command means: rows to write and what follows, or why not. Nothing is written while deciding. */
export type Decision =
  | {
      readonly kind: 'done';
      readonly changes: readonly RowChange[];
      /** Null for a consequence: nobody waits for one. */
      readonly answer: Answer | null;
      /**
       * What it means for other modules, decided in the same transaction, on the state before it: a
       * consequence carries what it needs to know of this change.
       */
      readonly consequences: readonly CommandBody[];
      readonly events: readonly AgendaEvent[];
      /** Whom it is told, besides; never to who did it. */
      readonly told?: readonly Told[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A notification to be made. */
export interface Told extends NotificationContent {
  readonly user_key: Key;
}

export type Decide = (view: RulesView, body: CommandBody, context: DecideContext) => Decision;

export function refuse(refusal: Refusal): Decision {
  return { kind: 'refused', refusal };
}
