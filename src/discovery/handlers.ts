import type { ZodType } from 'zod';
import { must } from '../base/assert.ts';
import { CodecError } from '../base/codec.ts';
import { judgeDrop } from '../consensus/bootstrap/judge-drop.ts';
import { judgePromise } from '../consensus/bootstrap/judge-promise.ts';
import { encodePromise, decodePromise } from '../consensus/bootstrap/promise-codec.ts';
import type { BootstrapPromise } from '../consensus/bootstrap/promise.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Member, NodeId } from '../consensus/raft/configuration.ts';
import type { AddressBook } from './address-book.ts';
import type { AddressEntry, Announcement } from './address-entry.ts';
import type { IdentityChange, IdentityKeeper } from './identity-keeper.ts';
import type { DiscoveryLogger } from './ports.ts';
import { empty_request, join_request, leave_request, promise_request } from './wire.ts';
import type { IdentifyAnswer, NodesAnswer, PromiseAnswer, PromiseRequestBody } from './wire.ts';

export interface ClusterHandlersOptions {
  readonly keeper: IdentityKeeper;
  readonly book: AddressBook;
  /** Where this replica says it can be reached. */
  readonly announcement: Announcement;
  /** `CLUSTER_MEMBERS`. */
  readonly wanted: readonly NodeId[];
  readonly nowMs: () => number;
  readonly logger: DiscoveryLogger;
}

/** A request whose signature is good. */
export interface ClusterRequest {
  readonly source: Member;
  readonly source_boot_id: string;
  readonly body: unknown;
}

export interface ClusterAnswer {
  readonly status: number;
  readonly body: unknown;
}

const BAD_REQUEST: ClusterAnswer = { status: 400, body: { reason: 'not a body for this path' } };

/** `POST /cluster/identify`: who lives here. */
export async function identify(
  options: ClusterHandlersOptions,
  request: ClusterRequest,
): Promise<ClusterAnswer> {
  if (!empty_request.safeParse(request.body).success) return BAD_REQUEST;
  const { promise, cluster_id, last_index } = await options.keeper.own();
  const answer: IdentifyAnswer = {
    ...options.announcement,
    promise: promise === null ? null : encodePromise(promise),
    cluster_id,
    last_index,
  };
  return { status: 200, body: answer };
}

/** `POST /cluster/promise`: make a promise, or drop one that was made to a disk now lost. */
export async function promise(
  options: ClusterHandlersOptions,
  request: ClusterRequest,
): Promise<ClusterAnswer> {
  const body = parse(promise_request, request.body);
  const asked = body === null ? null : parsePromise(body.promise);
  if (body === null || asked === null) return BAD_REQUEST;
  const { source } = request;
  let judgement: Judgement | null = null;
  await options.keeper.change((own) => {
    judgement =
      body.kind === 'promise'
        ? judgePromise(own, options.wanted, { source, promise: asked })
        : judgeDrop(own, { source, promise: asked });
    return judgement.kind === 'accept' ? changeFor(body.kind, asked) : null;
  });
  const { kind, reason = null } = must<Judgement>(judgement, 'a change without a judgement');
  if (kind !== 'already') {
    const fields = {
      asked: body.kind,
      source,
      outcome: kind,
      reason,
      cluster_id: asked.cluster_id,
    };
    options.logger.info(fields, 'bootstrap promise judged');
  }
  const outcome = kind === 'refuse' ? 'refused' : 'accepted';
  const answer: PromiseAnswer = { outcome, reason };
  return { status: kind === 'refuse' ? 409 : 200, body: answer };
}

interface Judgement {
  readonly kind: 'accept' | 'already' | 'refuse';
  readonly reason?: string;
}

function changeFor(kind: PromiseRequestBody['kind'], asked: BootstrapPromise): IdentityChange {
  return kind === 'promise' ? { kind: 'hold_promise', promise: asked } : { kind: 'drop_promise' };
}

/**
 * `POST /cluster/join`: a replica says where it can be reached and gets the table of those known here.
 * It changes who is dialled, never who votes. The address was vouched for by the signature and has the
 * form of one; nothing else is done with it here.
 */
export async function join(
  options: ClusterHandlersOptions,
  request: ClusterRequest,
): Promise<ClusterAnswer> {
  const body = parse(join_request, request.body);
  if (body === null) return BAD_REQUEST;
  if (!sameMember(body, request.source) || body.boot_id !== request.source_boot_id) {
    return { status: 403, body: { reason: 'a replica announces itself only' } };
  }
  const { cluster_id } = options.keeper;
  if (cluster_id !== null && body.cluster_id !== null && cluster_id !== body.cluster_id) {
    return { status: 409, body: { reason: 'other_cluster' } };
  }
  options.book.observe(body, 'join');
  return { status: 200, body: nodesAnswer(options) };
}

/** `GET /cluster/nodes`: the table of the replicas known here. */
export async function nodes(
  options: ClusterHandlersOptions,
  request: ClusterRequest,
): Promise<ClusterAnswer> {
  if (!empty_request.safeParse(request.body).success) return BAD_REQUEST;
  return { status: 200, body: nodesAnswer(options) };
}

/** `POST /cluster/leave`: a replica stops on purpose and need not be dialled. It still votes. */
export async function leave(
  options: ClusterHandlersOptions,
  request: ClusterRequest,
): Promise<ClusterAnswer> {
  const body = parse(leave_request, request.body);
  if (body === null) return BAD_REQUEST;
  if (body.boot_id !== request.source_boot_id) {
    return { status: 403, body: { reason: 'a replica takes leave of itself only' } };
  }
  options.book.forget(request.source, body.boot_id);
  return { status: 200, body: {} };
}

function nodesAnswer(options: ClusterHandlersOptions): NodesAnswer {
  const self: AddressEntry = {
    ...options.announcement,
    source: 'join',
    last_seen_ms: options.nowMs(),
  };
  return { cluster_id: options.keeper.cluster_id, nodes: [...options.book.entries, self] };
}

function parse<T>(schema: ZodType<T>, body: unknown): T | null {
  const parsed = schema.safeParse(body);
  return parsed.success ? parsed.data : null;
}

function parsePromise(text: string): BootstrapPromise | null {
  try {
    return decodePromise(text);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}
