import { randomUUID } from 'node:crypto';
import type { ZodType } from 'zod';
import { unreachable } from '../../base/assert.ts';
import type { Member } from '../../consensus/raft/configuration.ts';
import { createKeyring } from '../../consensus/rpc/keyring.ts';
import { RpcError } from '../../consensus/rpc/rpc-error.ts';
import { RpcTransport } from '../../consensus/rpc/transport.ts';
import { INSPECT_PATH, inspection, operator_problem } from '../../discovery/operations/wire.ts';
import type { Inspection } from '../../discovery/operations/wire.ts';
import type { OperatorSettings } from './settings.ts';

/** Why a call came to nothing, in words for the one who typed the command. */
export class CallFailed extends Error {
  override name = 'CallFailed';
  /** Of the problem that the replica answered; null: it did not. */
  readonly code: string | null;
  /** With the code `not_leader`: who leads. */
  readonly leader: { readonly node_id: string; readonly address: string } | null;

  constructor(message: string, code: string | null = null, leader: CallFailed['leader'] = null) {
    super(message);
    this.code = code;
    this.leader = leader;
  }
}

const OPERATOR = 'operator';
/** For an answer from memory. */
const SHORT_TIMEOUT_MS = 3_000;

/** Signs what an operator asks of replicas, and verifies that the answers are theirs. */
export class OperatorClient {
  readonly #transport: RpcTransport;
  #cluster_id: string | null = null;

  constructor({ secret, tls }: Pick<OperatorSettings, 'secret' | 'tls'>) {
    this.#transport = new RpcTransport({
      identity: {
        node_id: OPERATOR,
        storage_id: OPERATOR,
        boot_id: randomUUID(),
        clusterId: () => this.#cluster_id,
      },
      keyring: createKeyring([secret], 'operator'),
      nowMs: Date.now,
      addressOf: () => null,
      ...(tls === null ? {} : { tls }),
    });
  }

  /**
   * What the replica at an address says of itself.
   *
   * @throws {CallFailed}
   */
  async inspect(address: string): Promise<Inspection> {
    const answer = await this.#ask(address, 'POST', INSPECT_PATH, {}, inspection, {});
    this.#cluster_id ??= answer.cluster_id;
    return answer;
  }

  /**
   * A call to a replica that was inspected before.
   *
   * @throws {CallFailed}
   */
  call<T>(
    address: string,
    destination: Member,
    path: string,
    body: object,
    answer: ZodType<T>,
    timeout_ms = SHORT_TIMEOUT_MS,
  ): Promise<T> {
    return this.#ask(address, 'POST', path, body, answer, { destination, timeout_ms });
  }

  /**
   * The same, to look at something.
   *
   * @throws {CallFailed}
   */
  get<T>(address: string, destination: Member, path: string, answer: ZodType<T>): Promise<T> {
    return this.#ask(address, 'GET', path, undefined, answer, { destination });
  }

  close(): void {
    this.#transport.close();
  }

  async #ask<T>(
    address: string,
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    schema: ZodType<T>,
    options: { destination?: Member; timeout_ms?: number },
  ): Promise<T> {
    const sent = { timeout_ms: SHORT_TIMEOUT_MS, ...options };
    const answer = await this.#transport
      .call(address, method, path, body, sent)
      .catch((error: unknown) => {
        throw error instanceof RpcError ? new CallFailed(explain(error, address)) : error;
      });
    const parsed = schema.safeParse(answer.body);
    if (answer.status === 200 && parsed.success) return parsed.data;
    const problem = operator_problem.safeParse(answer.body);
    if (!problem.success) {
      throw new CallFailed(
        `${address} answered ${answer.status} in a form that this version does not know`,
      );
    }
    const { code, detail, leader } = problem.data;
    throw new CallFailed(`${answer.responder.node_id}: ${detail}`, code, leader ?? null);
  }
}

function explain(error: RpcError, address: string): string {
  switch (error.code) {
    case 'no_connection':
    case 'no_address':
      return `cannot reach ${address}: does a replica listen there? (${error.message})`;
    case 'unreachable':
    case 'stale_connection':
      return `the connection to ${address} broke (${error.message}). With TLS, set TLS_CA_FILE`;
    case 'timeout':
      return `${address} did not answer in time`;
    case 'bad_answer':
      return explainUnsigned(error, address);
    case 'no_cluster':
    case 'refused':
    case 'closed':
      return error.message;
    default:
      return unreachable(error.code);
  }
}

function explainUnsigned({ unsigned_status, message }: RpcError, address: string): string {
  switch (unsigned_status) {
    case 401:
      return (
        `${address} does not accept the signature: CLUSTER_HMAC_SECRET here is not that of the ` +
        'replica there'
      );
    case 404:
    case 405:
      return (
        `what listens at ${address} takes no operators' calls: when RPC_ADDR is set they go to that ` +
        'port, and an older version knows none'
      );
    case null:
    default:
      return `${address} does not prove to be a replica of this cluster (${message})`;
  }
}
