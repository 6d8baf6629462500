/** Why a command was refused: expected, deterministic, nothing changed. The codes are those of `api.md`. */
export type RefusalCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'invalid_request'
  | 'not_supported'
  | 'username_taken'
  | 'email_taken'
  | 'conflict'
  | 'precondition_failed'
  | 'idempotency_key_reused'
  | 'internal_error';

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for a person: what is wrong and what would be right. */
  readonly detail: string;
  /** With `conflict`: keys of the appointments it overlaps that the caller may see. */
  readonly overlaps?: readonly number[];
}
