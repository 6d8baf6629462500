import { assert } from '../../base/assert.ts';
import type { AgendaEvent } from '../../agenda/event.ts';
import type { Key } from '../../agenda/model.ts';
import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';
import type { ChangeFeed } from '../../replica/change-feed.ts';
import type { LiveMetrics } from '../live-metrics.ts';
import type { Session, TokenSession } from '../token.ts';
import type { Channel } from './channel.ts';
import { close_reasons } from './close-reason.ts';
import type { CloseReason, EndReason } from './close-reason.ts';
import { LiveConnection } from './connection.ts';
import type { LiveSocket } from './connection.ts';
import { LiveConnections } from './connections.ts';
import { formatCursor } from './cursor.ts';
import type { Lineage } from './cursor.ts';
import { FanOut } from './fan-out.ts';
import type { Position } from './position.ts';
import { encodeMessage } from './server-message.ts';
import type { RefusedChannel, ServerMessage } from './server-message.ts';
import { SlicedWork } from './sliced-work.ts';
import type { Steps } from './sliced-work.ts';

export interface LiveHubOptions {
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'subscribe'>;
  readonly lineage: () => Lineage;
  readonly clock: Clock;
  /** Wall clock: tokens end by it. */
  readonly wall_ms: () => number;
  /** Whether a session has not ended, in the state of this replica. */
  readonly stands: (session: Session) => boolean;
  readonly metrics: LiveMetrics;
  /** Told what should not happen; connections are told to read anew, or end, by themselves. */
  readonly onFailed: (error: unknown) => void;
}

/** A timer must not be asked for more than some weeks. */
const EXPIRY_LOOK_MS_MAX = 60 * 60 * 1000;

/** All WebSockets of this replica: who is there, what they are told, and when they end. */
export class LiveHub {
  readonly connections = new LiveConnections();
  readonly #options: LiveHubOptions;
  readonly #work: SlicedWork;
  readonly #fan_out: FanOut;
  readonly #stops: readonly (() => void)[];
  /** Closed, and not gone yet; with what stops the wait for them. */
  readonly #leaving = new Map<LiveConnection, () => void>();
  #is_draining = false;
  #is_looking = false;
  #onEmpty: () => void = () => undefined;

  constructor(options: LiveHubOptions) {
    const { feed, clock, lineage, onFailed } = options;
    this.#options = options;
    this.#work = new SlicedWork({ clock, onFailed });
    this.#fan_out = new FanOut({
      feed,
      connections: this.connections,
      lineage,
      work: this.#work,
      clock,
      onSent: (connection, events) => this.#sent(connection, events),
      onBroken: (connection, error) => {
        onFailed(error);
        this.close(connection, 'failed');
      },
    });
    this.#stops = [
      feed.subscribe(
        ({ events }) => this.#endSessions(events),
        () => this.#work.add(this.#endSessionsSteps()),
      ),
      clock.every(limits.live_cursor_every_ms, () => this.#lookAfterAll()),
    ];
  }

  get lineage(): () => Lineage {
    return this.#options.lineage;
  }

  get is_draining(): boolean {
    return this.#is_draining;
  }

  /** Why there is no place for one more of this person; null: there is. */
  refuses(user_key: Key): 'too_many' | 'too_many_of_user' | null {
    if (this.connections.all.size >= limits.live_connections_max) return 'too_many';
    const own = this.connections.ofUser(user_key).size;
    return own >= limits.live_connections_per_user_max ? 'too_many_of_user' : null;
  }

  open(socket: LiveSocket, session: TokenSession): LiveConnection {
    assert(!this.#is_draining, 'a new connection while all are closed');
    const connection = new LiveConnection(socket, session);
    this.connections.add(connection);
    this.#options.metrics.connections(this.connections.all.size);
    this.#awaitExpiry(connection);
    return connection;
  }

  /** Adds channels after what the client has, and answers it. */
  subscribe(
    connection: LiveConnection,
    channels: ReadonlyMap<string, Channel>,
    after: Position | 'another_lineage' | null,
    refused: readonly RefusedChannel[],
  ): void {
    const is_foreign = after === 'another_lineage';
    const { from, is_missing } = this.#fan_out.subscribe(
      connection,
      channels,
      is_foreign ? null : after,
    );
    const cursor = formatCursor(this.lineage(), from);
    const names = [...channels.keys()];
    const more = refused.length === 0 ? {} : { refused };
    this.send(connection, { type: 'subscribed', channels: names, cursor, ...more });
    if ((is_missing || is_foreign) && names.length > 0) {
      this.send(connection, { type: 'resync', channels: names, cursor });
    }
  }

  send(connection: LiveConnection, message: ServerMessage): void {
    if (!connection.is_open) return;
    connection.socket.send(encodeMessage(message));
    this.#sent(connection, 0);
  }

  /** To everybody who is here, soon. */
  tellAll(message: ServerMessage): void {
    if (this.connections.all.size > 0) this.#work.add(this.#tellAllSteps(encodeMessage(message)));
  }

  close(connection: LiveConnection, reason: CloseReason): void {
    if (!connection.is_open) return;
    const { code, text } = close_reasons[reason];
    const { socket } = connection;
    this.#end(connection, reason);
    const { clock } = this.#options;
    const stopWaiting = clock.after(limits.live_goodbye_ms, () => socket.terminate());
    this.#leaving.set(connection, stopWaiting);
    socket.close(code, text);
  }

  /** Its socket is closed; `reason` counts when that did not begin here. */
  left(connection: LiveConnection, reason: EndReason): void {
    this.#end(connection, reason);
    this.#leaving.get(connection)?.();
    this.#leaving.delete(connection);
    if (this.#leaving.size === 0 && this.connections.all.size === 0) this.#onEmpty();
  }

  #end(connection: LiveConnection, reason: EndReason): void {
    if (!connection.is_open) return;
    connection.is_open = false;
    connection.stopAwaitingExpiry();
    this.connections.remove(connection);
    this.#fan_out.forget(connection);
    this.#options.metrics.connections(this.connections.all.size);
    this.#options.metrics.closed(reason);
  }

  /** Closes all, and takes no others; resolves when all are gone, which is soon. */
  drain(): Promise<void> {
    this.#is_draining = true;
    for (const stop of this.#stops) stop();
    this.#fan_out.stop();
    if (this.connections.all.size + this.#leaving.size === 0) return Promise.resolve();
    this.#work.add(this.#drainSteps());
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** What waits to be sent is bounded: who does not take it goes on elsewhere, with the cursor. */
  #sent(connection: LiveConnection, events: number): void {
    if (events > 0) this.#options.metrics.eventsSent(events);
    if (connection.socket.buffered_bytes <= limits.live_buffered_bytes_max) return;
    this.close(connection, 'slow');
  }

  #endSessions(events: readonly AgendaEvent[]): void {
    for (const { kind, key } of events) {
      if (kind !== 'user.sessions_ended') continue;
      for (const connection of this.connections.ofUser(key)) this.#closeIfEnded(connection);
    }
  }

  #closeIfEnded(connection: LiveConnection): void {
    if (!this.#options.stands(connection.session)) this.close(connection, 'session_ended');
  }

  /** The feed has a gap: there may have been an end of a session in it. */
  *#endSessionsSteps(): Steps {
    for (const connection of this.connections.all) {
      this.#closeIfEnded(connection);
      yield;
    }
  }

  *#tellAllSteps(text: Buffer): Steps {
    for (const connection of this.connections.all) {
      connection.socket.send(text);
      this.#sent(connection, 0);
      yield;
    }
  }

  /** One round after the other: in a second one at once, nobody could have shown life. */
  #lookAfterAll(): void {
    if (this.#is_looking || this.connections.all.size === 0) return;
    this.#is_looking = true;
    this.#work.add(this.#lookAfterSteps());
  }

  *#lookAfterSteps(): Steps {
    try {
      const lineage = this.lineage();
      for (const connection of this.connections.all) {
        this.#lookAfter(connection, lineage);
        yield;
      }
    } finally {
      this.#is_looking = false;
    }
  }

  #lookAfter(connection: LiveConnection, lineage: Lineage): void {
    if (connection.pings_missed >= limits.live_pings_missed_max) {
      this.#end(connection, 'silent');
      connection.socket.terminate();
      return;
    }
    connection.pings_missed += 1;
    connection.socket.ping();
    const position = this.#fan_out.cursorOf(connection);
    if (position === null) return;
    this.send(connection, { type: 'cursor', cursor: formatCursor(lineage, position) });
  }

  *#drainSteps(): Steps {
    for (const connection of this.connections.all) {
      this.close(connection, 'draining');
      yield;
    }
  }

  #awaitExpiry(connection: LiveConnection): void {
    const left_ms = connection.session.expires_at_ms - this.#options.wall_ms();
    if (left_ms <= 0) {
      this.close(connection, 'token_expired');
      return;
    }
    const look_after_ms = Math.min(left_ms, EXPIRY_LOOK_MS_MAX);
    connection.stopAwaitingExpiry = this.#options.clock.after(look_after_ms, () =>
      this.#awaitExpiry(connection),
    );
  }
}
