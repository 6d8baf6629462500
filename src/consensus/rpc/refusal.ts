import type { Member } from '../raft/configuration.ts';

/** Why a request from a replica, or from somebody who says so, was refused with 401. Closed. */
export type RefusalReason =
  | 'unsigned'
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'stale'
  | 'wrong_cluster'
  | 'wrong_destination'
  | 'wrong_boot'
  | 'replayed'
  | 'overloaded'
  | 'body_hash';

/** For the audit trail; holds no secret. */
export interface RefusalDetails {
  readonly method: string;
  readonly path: string;
  readonly remote_address: string;
  /** Who it says it is from; proven only when the reason is neither of the first four. */
  readonly claimed_source: Member | null;
}

/** One sentence for the one who was refused. */
export const REFUSAL_DETAIL: Readonly<Record<RefusalReason, string>> = {
  unsigned: 'This call is for replicas and must be signed.',
  malformed: 'The cluster headers are malformed.',
  unknown_key: 'The key of the signature is not known here.',
  bad_signature: 'The signature does not match the request.',
  stale: 'The time stamp is too far from the clock of this replica.',
  wrong_cluster: 'The request is not of this cluster.',
  wrong_destination: 'The request is meant for another replica.',
  wrong_boot: 'The request is not meant for this run of the replica.',
  replayed: 'The request was received before, or is older than what is remembered.',
  overloaded: 'Too many replicas were heard of lately to tell a replay.',
  body_hash: 'The body is not the one that was signed.',
};
