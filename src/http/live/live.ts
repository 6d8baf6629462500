import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { must } from '../../base/assert.ts';
import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';
import type { ChangeFeed } from '../../replica/change-feed.ts';
import { personOf } from '../authenticate.ts';
import { startDeadline, within } from '../deadline.ts';
import type { ApiDependencies, ApiSecrets } from '../dependencies.ts';
import { beginExchange } from '../exchange.ts';
import { ProblemError } from '../problem.ts';
import type { Problem } from '../problem.ts';
import { answerRaw } from '../raw-problem.ts';
import type { TokenSession } from '../token.ts';
import { followCluster } from './cluster-news.ts';
import type { LiveSocket } from './connection.ts';
import { Conversation } from './conversation.ts';
import type { Lineage } from './cursor.ts';
import { readHandshake, SUBPROTOCOL } from './handshake.ts';
import { LiveHub } from './hub.ts';
import { maySubscribe } from './may-subscribe.ts';

export interface LiveDependencies extends Pick<
  ApiDependencies,
  'replica' | 'log' | 'metrics' | 'now_ms' | 'addresses'
> {
  readonly secrets: Pick<ApiSecrets, 'live_ticket'>;
  /** The state machine's. */
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'subscribe'>;
  readonly clock: Clock;
  /** Calls back on every change of term, role or leader until the returned function is called. */
  readonly onLeadershipChange: (listener: () => void) => () => void;
}

/** Live updates at one replica. */
export interface Live {
  /** For the server's `upgrade`. False: it is for somebody else, and untouched. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Closes all WebSockets with 1012 and takes no others; resolves when they are gone. */
  readonly drain: () => Promise<void>;
}

const LIVE_PATH = '/ws';

export function createLive(dependencies: LiveDependencies): Live {
  const { replica, log, metrics, now_ms, feed, clock } = dependencies;
  const hub = new LiveHub({
    feed,
    lineage: rememberLineage(dependencies),
    clock,
    wall_ms: now_ms,
    stands: ({ user_key, token_version }) =>
      replica.view.userByKey(user_key)?.token_version === token_version,
    metrics: metrics.live,
    onFailed: (error) => log.error({ err: error }, 'telling what changed failed'),
  });
  const stopNews = followCluster({
    sight: () => ({ status: replica.status(), addresses: dependencies.addresses() }),
    onLeadershipChange: dependencies.onLeadershipChange,
    clock,
    tellAll: (message) => hub.tellAll(message),
  });
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.live_message_bytes_max,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const entrance: Entrance = { dependencies, hub, server };
  server.on('wsClientError', (error, socket, request) => {
    refuse(entrance, request, socket, { code: 'invalid_request', detail: `${error.message}.` });
  });
  return {
    upgrade(request, socket, head) {
      const { url = '', headers } = request;
      const is_ours = url.split('?', 1)[0] === LIVE_PATH;
      if (!is_ours || headers.upgrade?.toLowerCase() !== 'websocket') return false;
      socket.on('error', ignore);
      void admit(entrance, request, socket, head);
      return true;
    },
    drain() {
      stopNews();
      return hub.drain();
    },
  };
}

/** What takes requests for WebSockets. */
interface Entrance {
  readonly dependencies: LiveDependencies;
  readonly hub: LiveHub;
  readonly server: WebSocketServer;
}

/** Who is gone needs no answer, and whom a socket leaves is told by its end. */
function ignore(): void {
  // Nothing to do.
}

async function admit(
  entrance: Entrance,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { dependencies, hub, server } = entrance;
  try {
    const session = readHandshake(
      { ...dependencies, secret: dependencies.secrets.live_ticket },
      request,
    );
    refuseWithoutPlace(hub, session);
    const { user, has_ended } = await personOf(dependencies.replica, session, startDeadline());
    if (user === null || has_ended) {
      const detail = 'The session has ended; log in again.';
      throw new ProblemError({ code: 'unauthenticated', detail });
    }
    // Others may have come meanwhile.
    refuseWithoutPlace(hub, session);
    server.handleUpgrade(request, socket, head, (client) => welcome(entrance, client, session));
  } catch (error) {
    refuse(entrance, request, socket, problemOf(entrance, error));
  }
}

function refuseWithoutPlace(hub: LiveHub, { user_key }: TokenSession): void {
  if (hub.is_draining) {
    throw new ProblemError({ code: 'draining', detail: 'This replica is stopping.' });
  }
  const why = hub.refuses(user_key);
  if (why === 'too_many') {
    const detail = 'There are too many connections here; go to another replica.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  if (why === 'too_many_of_user') {
    const detail = `You have ${limits.live_connections_per_user_max} connections here; close one.`;
    throw new ProblemError({ code: 'rate_limited', detail });
  }
}

function problemOf({ dependencies }: Entrance, error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  dependencies.log.error({ err: error }, 'a WebSocket could not be opened');
  return { code: 'internal_error', detail: 'Something went wrong here; try another replica.' };
}

function refuse(
  { dependencies }: Entrance,
  request: IncomingMessage,
  socket: Duplex,
  problem: Problem,
): void {
  const { request_id } = beginExchange(request);
  dependencies.metrics.live.refused(problem.code);
  dependencies.log.debug({ request_id, code: problem.code }, 'a WebSocket was refused');
  answerRaw(socket, problem, request_id);
}

function welcome(entrance: Entrance, client: WebSocket, session: TokenSession): void {
  const { dependencies, hub } = entrance;
  const { replica, clock } = dependencies;
  const connection = hub.open(socketOf(client), session);
  const conversation = new Conversation({
    connection,
    hub,
    maySubscribe: (channel) => maySubscribe(replica.view, session.user_key, channel),
    lookAgain: () => within(replica.readBarrier(), limits.login_barrier_ms),
    now_ms: () => clock.now_ms(),
    onFailed(error) {
      dependencies.log.error({ err: error }, 'a message of a WebSocket failed here');
      hub.close(connection, 'failed');
    },
  });
  let is_protocol_broken = false;
  client.on('message', (data, is_binary) => {
    connection.pings_missed = 0;
    conversation.receive(is_binary ? null : textOf(data));
  });
  client.on('pong', () => {
    connection.pings_missed = 0;
  });
  client.on('error', () => {
    is_protocol_broken = true;
  });
  client.on('close', () => hub.left(connection, is_protocol_broken ? 'protocol' : 'client'));
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as ArrayBuffer).toString('utf8');
}

function socketOf(client: WebSocket): LiveSocket {
  return {
    get buffered_bytes() {
      return client.bufferedAmount;
    },
    send: (text) => client.send(text, { binary: false }),
    ping: () => client.ping(),
    close: (code, reason) => client.close(code, reason),
    terminate: () => client.terminate(),
  };
}

/** Of the cluster there is now, in words that do not tell its id. */
function rememberLineage({ replica }: LiveDependencies): () => Lineage {
  let known: { readonly of: string; readonly lineage: Lineage } | null = null;
  return () => {
    const { group_id, configuration } = replica.status();
    const { cluster_id, incarnation = 0 } = must(configuration, 'a session without a cluster');
    const of = `${group_id} ${cluster_id} ${incarnation}`;
    if (known?.of === of) return known.lineage;
    const digest = createHash('sha256').update(cluster_id).digest('base64url').slice(0, 8);
    known = { of, lineage: `${group_id}.${digest}.${incarnation.toString(36)}` };
    return known.lineage;
  };
}
