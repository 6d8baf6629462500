import type { AgendaEvent } from '../../../src/agenda/event.ts';
import { Conversation } from '../../../src/http/live/conversation.ts';
import type { Channel } from '../../../src/http/live/channel.ts';
import type { LiveConnection, LiveSocket } from '../../../src/http/live/connection.ts';
import { LiveHub } from '../../../src/http/live/hub.ts';
import type { ServerMessage } from '../../../src/http/live/server-message.ts';
import type { TokenSession } from '../../../src/http/token.ts';
import { ChangeFeed } from '../../../src/replica/change-feed.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const lineage = 'main.test0000.0';

/** What a client is sent, and how it is treated. */
class FakeSocket implements LiveSocket {
  readonly messages: ServerMessage[] = [];
  buffered_bytes = 0;
  /** It takes nothing: what is sent waits. */
  is_stuck = false;
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | null = null;
  is_terminated = false;
  onSend: () => void = () => undefined;

  send(text: Buffer): void {
    this.messages.push(JSON.parse(text.toString()) as ServerMessage);
    if (this.is_stuck) this.buffered_bytes += text.length;
    this.onSend();
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  terminate(): void {
    this.is_terminated = true;
  }

  of<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter((one) => one.type === type) as Extract<
      ServerMessage,
      { type: T }
    >[];
  }

  /** Kind or channel and version of the events, in the order they came. */
  get told(): string[] {
    return this.of('event').map(({ channel, event }) => `${channel} ${event.version}`);
  }

  /** Of the last message that has one. */
  get cursor(): string {
    const cursors = this.messages.flatMap((one) => ('cursor' in one ? [one.cursor] : []));
    const last = cursors.at(-1);
    if (last === undefined) throw new Error('there was no cursor');
    return last;
  }
}

export interface FakeClient {
  readonly socket: FakeSocket;
  readonly connection: LiveConnection;
  say(message: unknown): void;
  sayText(text: string | null): void;
}

/** A hub in virtual time, with a feed that a test fills. */
export class HubFixture {
  readonly time = new VirtualClock();
  readonly feed: ChangeFeed;
  readonly hub: LiveHub;
  readonly errors: unknown[] = [];
  readonly closed: string[] = [];
  events_sent = 0;
  open_connections = 0;
  /** Sessions below this token version have ended. */
  token_version = 1;
  /** Nobody may see these. */
  hidden = new Set<number>();
  looked_again = 0;
  onLookAgain: () => void = () => undefined;
  /** Milliseconds that each look at the clock takes. */
  cost_ms = 0;
  slices = 0;
  #spent_ms = 0;
  readonly #clients: FakeClient[] = [];
  readonly #soon: (() => void)[] = [];
  readonly #regular: (() => void)[] = [];

  constructor(start_index = 10, events_max = 1_000) {
    this.feed = new ChangeFeed({
      start_index,
      events_max,
      onListenerError: (error) => void this.errors.push(error),
    });
    const { clock } = this.time.forProcess();
    this.hub = new LiveHub({
      feed: this.feed,
      lineage: () => lineage,
      clock: {
        ...clock,
        now_ms: () => {
          this.#spent_ms += this.cost_ms;
          return clock.now_ms() + this.#spent_ms;
        },
        soon: (callback) => void this.#soon.push(callback),
        every: (interval_ms, callback) => {
          this.#regular.push(callback);
          return clock.every(interval_ms, callback);
        },
      },
      wall_ms: () => 1_000_000 + clock.now_ms(),
      stands: ({ token_version }) => token_version >= this.token_version,
      metrics: {
        connections: (count) => void (this.open_connections = count),
        eventsSent: (count) => void (this.events_sent += count),
        closed: (reason) => void this.closed.push(reason),
        refused: () => undefined,
      },
      onFailed: (error) => void this.errors.push(error),
    });
  }

  /** A person comes, and says nothing yet. */
  connect(user_key = 1, session: Partial<TokenSession> = {}): FakeClient {
    const socket = new FakeSocket();
    const connection = this.hub.open(socket, {
      user_key,
      token_version: 1,
      token_version_index: 1,
      expires_at_ms: 1_000_000 + 43_200_000,
      ...session,
    });
    const conversation = new Conversation({
      connection,
      hub: this.hub,
      maySubscribe: (channel: Channel) => channel.kind === 'me' || !this.hidden.has(channel.key),
      lookAgain: () => {
        this.looked_again += 1;
        this.onLookAgain();
        return Promise.resolve();
      },
      onFailed: (error) => void this.errors.push(error),
      now_ms: () => this.time.now_ms(),
    });
    const client: FakeClient = {
      socket,
      connection,
      say: (message) => conversation.receive(JSON.stringify(message)),
      sayText: (text) => conversation.receive(text),
    };
    this.#clients.push(client);
    return client;
  }

  /** The same, subscribed. */
  subscribe(user_key: number, channels: readonly string[], after?: string): FakeClient {
    const client = this.connect(user_key);
    client.say({ type: 'subscribe', channels, ...(after === undefined ? {} : { after }) });
    return client;
  }

  /** An entry with these events. */
  publish(...events: readonly AgendaEvent[]): void {
    this.feed.publish(this.feed.cursor + 1, events);
  }

  /** One slice of what is to be sent; false: there was nothing. */
  slice(): boolean {
    const next = this.#soon.shift();
    if (next === undefined) return false;
    this.slices += 1;
    next();
    return true;
  }

  /** Until there is nothing left to do now. */
  settle(): void {
    while (this.slice());
  }

  /** As if the time for it had come: cursors for everybody. */
  lookAfterAll(): void {
    for (const { connection } of this.#clients) connection.pings_missed = 0;
    for (const callback of this.#regular) callback();
  }

  /** Lets time pass, and what comes of it. */
  async pass(span_ms: number): Promise<void> {
    this.settle();
    await this.time.advance(span_ms);
    this.settle();
  }
}

/** Told to users 1, 2 …; its version tells it apart. */
export function eventFor(
  audience: readonly number[] | null,
  version: number,
  more: Partial<AgendaEvent> = {},
): AgendaEvent {
  return {
    kind: 'appointment.updated',
    key: 4096,
    version,
    group_key: null,
    appointment_key: 4096,
    audience,
    ...more,
  };
}
