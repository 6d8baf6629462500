import type { GroupId, Member } from '../raft/configuration.ts';
import type { Request, Response } from '../raft/message.ts';
import type { Identity } from './identity.ts';
import type { Keyring } from './keyring.ts';
import type { RefusalDetails, RefusalReason } from './refusal.ts';
import type { Route } from './route.ts';

/** What the receiver needs of the rest of the process. */
export interface ReceiverOptions {
  readonly identity: Identity;
  readonly keyring: Keyring;
  /** Of operators; without it, none of the routes may be theirs. */
  readonly operator_keyring?: Keyring;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Counts on when the wall clock jumps back. */
  readonly monotonicMs: () => number;
  /** What is served besides Raft messages. */
  readonly routes: readonly Route[];
  /** Hands a message to its group; a rejection means it cannot take any (503). */
  readonly deliver: (from: Member, group_id: GroupId, message: Request) => Promise<Response>;
  /** Whether this sender may say this (a promise binds to its members); false: `wrong_cluster`. */
  readonly acceptsFrom: (from: Member, message: Request) => boolean;
  /** Told of every 401, so that it is counted and audited. Must not throw. */
  readonly onRefused: (reason: RefusalReason, details: RefusalDetails) => void;
  /** Told what a handler or `deliver` threw. Must not throw. */
  readonly onFailure: (error: unknown) => void;
}
