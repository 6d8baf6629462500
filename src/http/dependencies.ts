import type { Logger } from 'pino';
import type { AuditEvent, NodeEventSink } from '../agenda/node-event.ts';
import type { HostPort } from '../base/host-port.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import type { Replica } from '../replica/replica.ts';
import type { ForwardedCommand } from './forward/forwarded-command.ts';
import type { Metrics } from './metrics.ts';

/** Where a node is reached, as the address book knows it. */
export interface NodeAddress {
  readonly node_id: string;
  /** Base URL of its API on the replicas' network, with scheme: `http://host:port`. */
  readonly address_url: string;
  /** Base URL by which clients reach that very node (`PUBLIC_URL`); null: they cannot. */
  readonly public_url: string | null;
  /** Age of the last sign of life, in milliseconds; null: none yet. */
  readonly last_seen_ms: number | null;
}

/** Whether requests can be served; else why not, as the code of the answer and a sentence. */
export type Readiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      readonly code: 'draining' | 'no_leader' | 'index_not_reached' | 'overloaded';
      readonly reason: string;
    };

/** `LEADER_ROUTING`. */
export type LeaderRouting = 'auto' | 'redirect' | 'forward';

/** What came of sending something to the leader over the signed channel. */
export type ForwardResult =
  /** Verified to come from it. */
  | { readonly kind: 'answered'; readonly body: unknown }
  /** It did not arrive, or was refused before it was looked at: nothing was done. */
  | { readonly kind: 'not_sent' }
  /** Too many are under way; nothing was sent. */
  | { readonly kind: 'overloaded' }
  /** It may have arrived. */
  | { readonly kind: 'unknown' };

/** An event of this replica that is not in the log yet. */
export interface WaitingEvent extends AuditEvent {
  readonly run_id: string;
}

/** Where events of this replica go, and where they wait for the log. */
export interface AuditTrail extends NodeEventSink {
  /** Newest first, before that id, so many looked at; null: from the newest on. */
  waiting(
    before_id: number | null,
    limit: number,
  ): {
    readonly events: readonly WaitingEvent[];
    /** Where to go on; null: there are no more. */
    readonly next_before_id: number | null;
  };
}

/** Bytes derived for one purpose each, at least 32; the same on every replica. */
export interface ApiSecrets {
  /** Signs user tokens. */
  readonly jwt: Uint8Array;
  /** Signs redirect tickets. */
  readonly ticket: Uint8Array;
  /** Signs tickets for WebSockets. */
  readonly live_ticket: Uint8Array;
  /** Hashes request keys and bodies. */
  readonly request_key: Uint8Array;
  /** Seals cursors that name what their reader may not see. */
  readonly cursor: Uint8Array;
  /** Opens the operators' views; null: only a user token opens them. */
  readonly audit_token: string | null;
}

/** All the API needs of the rest of the process. */
export interface ApiDependencies {
  readonly replica: Replica;
  readonly log: Logger;
  /** Of this program. */
  readonly version: string;
  readonly metrics: Metrics;
  readonly secrets: ApiSecrets;
  readonly audit: AuditTrail;
  /** Wall clock, milliseconds of UTC: stamps commands, judges tokens and tickets. */
  readonly now_ms: () => number;
  /** Ends what a client keeps open. */
  readonly clock: Pick<Clock, 'after'>;
  /** The address book: this node and all others. Read on every redirect and view. */
  readonly addresses: () => readonly NodeAddress[];
  /** `PUBLIC_URL` of this node. */
  readonly public_url: string | null;
  /** `HTTP_ADDR`. */
  readonly listens_on: HostPort;
  readonly leader_routing: LeaderRouting;
  /** Hands a write to the leader, once. Resolves within `timeout_ms`, whatever happens. */
  readonly forward: (
    leader: Member,
    command: ForwardedCommand,
    timeout_ms: number,
  ) => Promise<ForwardResult>;
  /** `JWT_TTL_S`. */
  readonly token_ttl_s: number;
  /** `REGISTRATION`. */
  readonly registration: 'open' | 'closed';
  /** `TRUST_PROXY`: addresses or subnets whose `X-Forwarded-*` are believed; null: none. */
  readonly trust_proxy: readonly string[] | null;
  /** Directory of the built page. */
  readonly ui_directory: string;
  readonly readiness: () => Readiness;
  /** Null while the process is alive and its data directory can be written; else what is wrong. */
  readonly liveness: () => Promise<string | null>;
}
