/** Why a command was refused: expected, deterministic, nothing changed. The codes are those of `api.md`. */
export type RefusalCode =
  | 'unauthenticated'
  | 'forbidden'
  /** Placed by somebody above. */
  | 'imposed'
  | 'not_found'
  | 'invalid_request'
  | 'not_supported'
  | 'username_taken'
  | 'email_taken'
  | 'conflict'
  /** An answer to what was before a significant change. */
  | 'stale'
  | 'already_member'
  | 'too_large'
  /** Too much of an earlier change is still to be done. */
  | 'overloaded'
  | 'precondition_failed'
  | 'idempotency_key_reused'
  /** It was computed from another state: the proposer computes it again. Never shown. */
  | 'outdated'
  | 'internal_error';

/** One field that is wrong, and what would be right. */
export interface FieldError {
  readonly field: string;
  readonly detail: string;
}

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for a person: what is wrong and what would be right. */
  readonly detail: string;
  /** With `invalid_request`: the fields, when it is they. */
  readonly errors?: readonly FieldError[];
  /** With `conflict`: keys of the appointments it overlaps that the caller may see. */
  readonly overlaps?: readonly number[];
}
