import { assert, unreachable } from '../../base/assert.ts';
import { CodecError } from '../../base/codec.ts';
import { limits } from '../../limits.ts';
import type { Transport } from '../ports.ts';
import { sameMember } from '../raft/configuration.ts';
import type { GroupId, Member } from '../raft/configuration.ts';
import type { Request, Response } from '../raft/message.ts';
import { formatEnvelope, isEnvelopeIdentifier, parseAnswerEnvelope } from './envelope.ts';
import type { AnswerEnvelope } from './envelope.ts';
import type { Identity } from './identity.ts';
import type { Keyring } from './keyring.ts';
import type { RawAnswer, TlsTrust } from './lane.ts';
import { closeLanes, createLanes } from './lanes.ts';
import type { Lanes } from './lanes.ts';
import { decodeResponse, encodeRequest } from './message-codec.ts';
import { PeerTable } from './peer-table.ts';
import { RAFT_PATHS } from './raft-path.ts';
import { BINARY_CONTENT_TYPE, JSON_CONTENT_TYPE } from './route.ts';
import { RpcError } from './rpc-error.ts';
import { sha256Hex, signRequest, verifyAnswer } from './signature.ts';

export interface RpcTransportOptions {
  readonly identity: Identity;
  readonly keyring: Keyring;
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Where this very pair is now, as `host:port`; null: not known. */
  readonly addressOf: (member: Member) => string | null;
  /** Given: requests go over TLS, to servers that these authorities vouch for. */
  readonly tls?: TlsTrust;
}

export interface CallOptions {
  /** Whom to ask. Without it, whoever is at the address: only some calls accept that. */
  readonly destination?: Member;
  /** `control` unless given. */
  readonly lane?: 'control' | 'forward';
  /** `limits.rpc_durable_timeout_ms` unless given. */
  readonly timeout_ms?: number;
}

/** A verified answer to a control call. */
export interface CallAnswer {
  readonly status: number;
  /** Parsed; null when it is not JSON. */
  readonly body: unknown;
  readonly responder: Member;
  /** The responder's. */
  readonly boot_id: string;
}

/** A body with its hash, so that one that goes to several peers is encoded and hashed once. */
interface SealedBody {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

interface Ask {
  readonly address: string;
  readonly destination: Member | null;
  readonly group_id: GroupId;
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly content_type: string;
  readonly body: SealedBody;
  readonly lane: keyof Lanes;
  readonly timeout_ms: number;
}

interface VerifiedAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly envelope: AnswerEnvelope;
  /** The request was signed for another run of the responder than the one that answered. */
  readonly other_boot: boolean;
  /** The responder's wall clock less ours. */
  readonly clock_offset_ms: number;
  /** The request was stamped with a time that is far from the responder's. */
  readonly other_time: boolean;
}

/**
 * Asks other replicas, signed, and verifies that the answer is theirs and belongs to the question.
 * One for the process: nonces of one boot are counted here and nowhere else.
 */
export class RpcTransport {
  readonly #options: RpcTransportOptions;
  readonly #lanes: Lanes;
  readonly #peers = new PeerTable(limits.address_book_max);
  /** Keyed by the message itself: one object sent to several peers is sealed once. */
  readonly #sealed = new WeakMap<Request, SealedBody>();
  #closed = false;

  constructor(options: RpcTransportOptions) {
    const { identity } = options;
    assert(
      isEnvelopeIdentifier(identity.node_id),
      `a node id not fit to send: ${identity.node_id}`,
    );
    assert(isEnvelopeIdentifier(identity.storage_id), 'a storage id not fit to send');
    assert(isEnvelopeIdentifier(identity.boot_id), 'a boot id not fit to send');
    this.#options = options;
    this.#lanes = createLanes(options.tls);
  }

  /** The port of one Raft group; it rejects with {@link RpcError}. */
  forGroup(group_id: GroupId): Transport {
    assert(isEnvelopeIdentifier(group_id), `a group id not fit to send: ${group_id}`);
    return { send: (to, message) => this.#send(to, message, group_id) };
  }

  /**
   * A control call with a JSON body (undefined: none); any verified answer is returned, whatever its
   * status.
   *
   * @throws {RpcError} there is no answer to rely on
   */
  async call(
    address: string,
    method: 'GET' | 'POST',
    target: string,
    body: unknown,
    { destination, lane, timeout_ms }: CallOptions = {},
  ): Promise<CallAnswer> {
    const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const answer = await this.#askAgain({
      address,
      destination: destination ?? null,
      group_id: '',
      method,
      target,
      content_type: body === undefined ? '' : JSON_CONTENT_TYPE,
      body: { bytes, sha256: sha256Hex(bytes) },
      lane: lane ?? 'control',
      timeout_ms: timeout_ms ?? limits.rpc_durable_timeout_ms,
    });
    const { status, envelope } = answer;
    const { responder, responder_boot_id } = envelope;
    return { status, body: parseJson(answer.body), responder, boot_id: responder_boot_id };
  }

  /** Ends all connections; what is under way is rejected, and so is everything afterwards. */
  close(): void {
    this.#closed = true;
    closeLanes(this.#lanes);
  }

  async #send(to: Member, message: Request, group_id: GroupId): Promise<Response> {
    const address = this.#options.addressOf(to);
    if (address === null) throw new RpcError('no_address', `no address of ${to.node_id} is known`);
    if (this.#options.identity.clusterId() === null) {
      throw new RpcError('no_cluster', 'this replica belongs to no cluster yet');
    }
    const ask: Ask = {
      address,
      destination: to,
      group_id,
      method: 'POST',
      target: RAFT_PATHS[message.kind],
      content_type: BINARY_CONTENT_TYPE,
      body: this.#seal(message),
      ...laneOf(message),
    };
    const answer = await this.#askAgainWhenStale(ask);
    if (answer.status !== 200) {
      const what = `${answer.status} ${detailOf(answer.body)}`;
      throw new RpcError('refused', `${to.node_id} at ${address} answered ${what}`);
    }
    return readResponse(answer.body, message);
  }

  #seal(message: Request): SealedBody {
    const known = this.#sealed.get(message);
    if (known !== undefined) return known;
    const bytes = encodeRequest(message);
    const sealed: SealedBody = { bytes, sha256: sha256Hex(bytes) };
    this.#sealed.set(message, sealed);
    return sealed;
  }

  /** Raft messages may arrive twice, so one lost to a closed connection is sent once more. */
  async #askAgainWhenStale(ask: Ask): Promise<VerifiedAnswer> {
    try {
      return await this.#askAgain(ask);
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== 'stale_connection') throw error;
      return this.#askAgain(ask);
    }
  }

  /**
   * A destination that restarted refuses what was signed for its last run, and one whose clock is another
   * what was stamped with ours; its signed answer names its run and its time. So a wall clock that is wrong
   * or jumps cuts nobody off, while the destination judges by its own clock what is too old.
   */
  async #askAgain(ask: Ask): Promise<VerifiedAnswer> {
    const { destination } = ask;
    const known_offset_ms = destination === null ? 0 : this.#peers.clockOffsetOf(destination);
    const answer = await this.#ask(ask, known_offset_ms);
    if (answer.status !== 401) return answer;
    const { clock_offset_ms, other_time } = answer;
    if (other_time && destination !== null) {
      this.#peers.learnClockOffset(destination, clock_offset_ms);
    }
    if (!other_time && (destination === null || !answer.other_boot)) return answer;
    return this.#ask(ask, other_time ? clock_offset_ms : known_offset_ms);
  }

  async #ask(ask: Ask, clock_offset_ms: number): Promise<VerifiedAnswer> {
    if (this.#closed) throw new RpcError('closed', 'this transport is closed');
    const { identity, keyring, nowMs } = this.#options;
    const { destination, group_id, method, target, content_type } = ask;
    const boot_id = destination === null ? '' : this.#peers.bootIdOf(destination);
    const timestamp_ms = nowMs() + clock_offset_ms;
    const envelope_text = formatEnvelope({
      key_id: keyring.primary.key_id,
      // Whoever lives there may belong to another cluster, or have promised to: they must be able to talk.
      cluster_id: destination === null ? '' : (identity.clusterId() ?? ''),
      source: identity,
      source_boot_id: identity.boot_id,
      destination,
      destination_boot_id: boot_id,
      group_id,
      timestamp_ms,
      counter: this.#peers.nextCounter(destination),
      body_sha256: ask.body.sha256,
    });
    const { key } = keyring.primary;
    const signature = signRequest(key, { method, target, content_type, envelope_text });
    const raw = await this.#lanes[ask.lane].exchange({
      address: ask.address,
      method,
      target,
      content_type,
      envelope_text,
      signature,
      body: ask.body.bytes,
      timeout_ms: ask.timeout_ms,
    });
    const envelope = this.#verify(raw, signature, ask);
    const { responder, responder_boot_id } = envelope;
    const other_boot = responder_boot_id !== boot_id;
    if (other_boot) this.#peers.learnBootId(responder, responder_boot_id);
    return {
      status: raw.status,
      body: raw.body,
      envelope,
      other_boot,
      clock_offset_ms: envelope.timestamp_ms - nowMs(),
      // Half: what is refused at the very edge is found here as well, whatever the way has taken.
      other_time: Math.abs(envelope.timestamp_ms - timestamp_ms) > limits.rpc_clock_skew_ms / 2,
    };
  }

  #verify(raw: RawAnswer, request_signature: string, ask: Ask): AnswerEnvelope {
    const { status, content_type, envelope_text } = raw;
    const envelope = parseAnswerEnvelope(envelope_text);
    const parts = { request_signature, status, content_type, envelope_text };
    if (
      envelope === null ||
      !verifyAnswer(this.#options.keyring.primary.key, parts, raw.signature)
    ) {
      throw new RpcError(
        'bad_answer',
        `${ask.address} answered ${status} without a signature of it`,
        status,
      );
    }
    if (sha256Hex(raw.body) !== envelope.body_sha256) {
      throw new RpcError('bad_answer', `the body from ${ask.address} is not the one signed`);
    }
    if (ask.destination !== null && !sameMember(envelope.responder, ask.destination)) {
      throw new RpcError('bad_answer', `at ${ask.address} is ${envelope.responder.node_id}`);
    }
    return envelope;
  }
}

function laneOf(message: Request): Pick<Ask, 'lane' | 'timeout_ms'> {
  switch (message.kind) {
    case 'append':
      return { lane: 'append', timeout_ms: limits.rpc_durable_timeout_ms };
    case 'install_snapshot':
      return { lane: 'snapshot', timeout_ms: limits.rpc_durable_timeout_ms };
    case 'vote':
    case 'heartbeat':
    case 'read_index':
    case 'timeout_now':
      return { lane: 'pulse', timeout_ms: limits.rpc_timeout_ms };
    default:
      return unreachable(message);
  }
}

function readResponse(bytes: Buffer, message: Request): Response {
  let response: Response;
  try {
    response = decodeResponse(bytes);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new RpcError('bad_answer', `an answer that cannot be read: ${error.message}`);
  }
  if (response.kind !== `${message.kind}_response`) {
    throw new RpcError('bad_answer', `${response.kind} to ${message.kind}`);
  }
  return response;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** The sentence of a problem, for who reads the log; empty when it is none. */
function detailOf(bytes: Buffer): string {
  const problem = parseJson(bytes);
  if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return '';
  return typeof problem.detail === 'string' ? problem.detail : '';
}
