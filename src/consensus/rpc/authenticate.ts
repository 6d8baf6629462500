import { limits } from '../../limits.ts';
import { sameMember } from '../raft/configuration.ts';
import { parseEnvelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import type { Identity } from './identity.ts';
import type { Keyring, RpcKey } from './keyring.ts';
import type { RefusalReason } from './refusal.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { verifyRequest } from './signature.ts';

/** What is known of a request before its body is read. */
export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly content_type: string;
  readonly envelope_text: string | undefined;
  readonly signature: string | undefined;
}

export interface AuthenticateContext {
  readonly identity: Identity;
  readonly keyring: Pick<Keyring, 'find'>;
  readonly replay_guard: ReplayGuard;
  /** Milliseconds since 1970. */
  readonly now_ms: number;
  readonly accepts_strangers: boolean;
}

/** A request whose signature is good: its answer can be signed. */
export interface Signed {
  readonly envelope: Envelope;
  readonly key: RpcKey;
  readonly signature: string;
}

export type Authentication =
  | { readonly kind: 'accepted'; readonly signed: Signed }
  /** `signed` is null while the signature is not known to be good. */
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly claimed: Envelope | null;
      readonly signed: Signed | null;
    };

/**
 * Judges a request by its head: first the signature, then whether it is for us and new. Only the
 * last check remembers anything. The body is still to be compared with the hash that was signed.
 */
export function authenticate(head: RequestHead, context: AuthenticateContext): Authentication {
  const { envelope_text, signature } = head;
  if (envelope_text === undefined || signature === undefined) return refused('unsigned', null);
  const envelope = parseEnvelope(envelope_text);
  if (envelope === null) return refused('malformed', null);
  const key = context.keyring.find(envelope.key_id);
  if (key === null) return refused('unknown_key', envelope);
  const { method, target, content_type } = head;
  if (!verifyRequest(key.key, { method, target, content_type, envelope_text }, signature)) {
    return refused('bad_signature', envelope);
  }
  const signed: Signed = { envelope, key, signature };
  const reason =
    misdirection(envelope, context.identity, context.accepts_strangers) ??
    repetition(envelope, context);
  if (reason === null) return { kind: 'accepted', signed };
  return { kind: 'refused', reason, claimed: envelope, signed };
}

function refused(reason: RefusalReason, claimed: Envelope | null): Authentication {
  return { kind: 'refused', reason, claimed, signed: null };
}

/**
 * Except from strangers, cluster, destination and boot must all be there: what was signed without
 * our boot id could be replayed after a restart, when its nonce is forgotten.
 */
function misdirection(
  envelope: Envelope,
  identity: Identity,
  accepts_strangers: boolean,
): RefusalReason | null {
  const cluster_id = identity.clusterId();
  if (envelope.cluster_id === '' || cluster_id === null) {
    if (!accepts_strangers) return 'wrong_cluster';
  } else if (envelope.cluster_id !== cluster_id) {
    return 'wrong_cluster';
  }
  if (envelope.destination === null) {
    if (!accepts_strangers) return 'wrong_destination';
  } else if (!sameMember(envelope.destination, identity)) {
    return 'wrong_destination';
  }
  if (envelope.destination_boot_id === '') return accepts_strangers ? null : 'wrong_boot';
  return envelope.destination_boot_id === identity.boot_id ? null : 'wrong_boot';
}

function repetition(envelope: Envelope, context: AuthenticateContext): RefusalReason | null {
  const { timestamp_ms, counter } = envelope;
  if (Math.abs(context.now_ms - timestamp_ms) > limits.rpc_clock_skew_ms) return 'stale';
  // Senders count for each destination apart, and once more for requests without one.
  const boot_id = envelope.source_boot_id;
  const sender = envelope.destination === null ? `${boot_id},` : boot_id;
  const nonce = { sender, counter, timestamp_ms };
  const verdict = context.replay_guard.admit(nonce, context.now_ms);
  return verdict === 'fresh' ? null : verdict;
}
