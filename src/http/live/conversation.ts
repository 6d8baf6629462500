import { unreachable } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import { fieldErrorsOf } from '../validate.ts';
import { Bucket } from './bucket.ts';
import { parseChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { client_message_schema } from './client-message.ts';
import type { ClientMessage } from './client-message.ts';
import type { LiveConnection } from './connection.ts';
import { parseCursor } from './cursor.ts';
import type { LiveHub } from './hub.ts';
import type { Position } from './position.ts';
import type { RefusedChannel, ServerMessage } from './server-message.ts';

export interface ConversationOptions {
  readonly connection: LiveConnection;
  readonly hub: Pick<LiveHub, 'send' | 'close' | 'subscribe' | 'lineage'>;
  /** Whether a person may see what the channel is about, in the state of this replica. */
  readonly maySubscribe: (channel: Channel) => boolean;
  /** Waits until the state is as new as this call, as far and as long as that can be waited for. */
  readonly lookAgain: () => Promise<unknown>;
  /** A defect: the conversation cannot go on. */
  readonly onFailed: (error: unknown) => void;
  /** Monotonic. */
  readonly now_ms: () => number;
}

type Subscribe = Extract<ClientMessage, { type: 'subscribe' }>;

/** Channels of a request; null: nothing can have the id in the name. */
type Asked = ReadonlyMap<string, Channel | null>;

/** What one client says, in order, and what it is answered. Bounded in how much it may say. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #messages: Bucket;
  readonly #faults: Bucket;
  readonly #waiting: ClientMessage[] = [];
  #is_busy = false;

  constructor(options: ConversationOptions) {
    const { now_ms } = options;
    this.#options = options;
    this.#messages = new Bucket({
      size: limits.live_messages_burst,
      per_s: limits.live_messages_per_s,
      now_ms,
    });
    this.#faults = new Bucket({
      size: limits.live_faults_max,
      per_s: 1 / limits.live_fault_forgiven_s,
      now_ms,
    });
  }

  /** Null: it was no text. Never throws. */
  receive(text: string | null): void {
    if (!this.#options.connection.is_open) return;
    try {
      this.#take(text);
    } catch (error) {
      this.#options.onFailed(error);
    }
  }

  #take(text: string | null): void {
    if (!this.#messages.take(1)) {
      this.#fault('rate_limited', 'There are too many messages; this one was not looked at.');
      return;
    }
    const message = this.#read(text);
    if (message === null) return;
    if (this.#waiting.length >= limits.live_messages_burst) {
      this.#fault('rate_limited', 'Too many messages wait; this one was not looked at.');
      return;
    }
    this.#waiting.push(message);
    if (!this.#is_busy) void this.#goOn();
  }

  #read(text: string | null): ClientMessage | null {
    const value = text === null ? undefined : parseJson(text);
    if (value === undefined) {
      this.#fault('invalid_request', 'A message is one JSON object, sent as text.');
      return null;
    }
    const parsed = client_message_schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const named = fieldErrorsOf(parsed.error, 'body').slice(0, 3);
    const details = named.map(({ field, detail }) =>
      field === 'body' ? `The message ${detail}` : `${field}: ${detail}`,
    );
    this.#fault('invalid_request', details.join('; '));
    return null;
  }

  /** One message after the other, also when one has to wait. */
  async #goOn(): Promise<void> {
    this.#is_busy = true;
    try {
      while (this.#options.connection.is_open) {
        const message = this.#waiting.shift();
        if (message === undefined) return;
        const under_way = this.#answer(message);
        if (under_way !== null) await under_way;
      }
    } catch (error) {
      this.#options.onFailed(error);
    } finally {
      this.#is_busy = false;
    }
  }

  #answer(message: ClientMessage): Promise<void> | null {
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message);
      case 'unsubscribe':
        return this.#unsubscribe(message.channels);
      case 'ping':
        this.#send({ type: 'pong' });
        return null;
      default:
        return unreachable(message);
    }
  }

  #unsubscribe(names: readonly string[]): null {
    const asked = this.#parse(names);
    if (asked === null) return null;
    const { connection } = this.#options;
    for (const name of asked.keys()) connection.unsubscribe(name);
    this.#send({ type: 'unsubscribed', channels: [...asked.keys()] });
    return null;
  }

  #subscribe({ channels, after }: Subscribe): Promise<void> | null {
    const asked = this.#parse(channels);
    if (asked === null) return null;
    const { connection, hub, lookAgain } = this.#options;
    const position = after === undefined ? null : parseCursor(hub.lineage(), after);
    if (after !== undefined && position === null) {
      this.#fault('invalid_request', 'after: must be the cursor of a message');
      return null;
    }
    const all = new Set([...connection.subscriptions.keys(), ...asked.keys()]);
    if (all.size > limits.live_channels_max) {
      const detail = `channels: a connection has at most ${limits.live_channels_max}`;
      this.#fault('too_large', detail);
      return null;
    }
    const isHidden = (channel: Channel | null): boolean =>
      channel !== null && !this.#options.maySubscribe(channel);
    if (![...asked.values()].some(isHidden)) {
      this.#settle(asked, position);
      return null;
    }
    // It may have been made a moment ago, at another replica.
    const settle = (): void => {
      if (connection.is_open) this.#settle(asked, position);
    };
    return lookAgain().then(settle, settle);
  }

  #settle(asked: Asked, after: Position | 'another_lineage' | null): void {
    const { connection, hub, maySubscribe } = this.#options;
    const granted = new Map<string, Channel>();
    const refused: RefusedChannel[] = [];
    for (const [name, channel] of asked) {
      if (channel !== null && maySubscribe(channel)) granted.set(name, channel);
      else refused.push({ channel: name, code: 'not_found', detail: 'There is no such channel.' });
    }
    hub.subscribe(connection, granted, after, refused);
  }

  /** By their names; null, and told, when one is no name of a channel or they are too many at this time. */
  #parse(names: readonly string[]): Asked | null {
    const asked = new Map<string, Channel | null>();
    for (const name of names) {
      const channel = parseChannel(name);
      if (channel === null) {
        const detail = 'channels: must be "me", "group:<id>" or "appointment:<id>" each';
        this.#fault('invalid_request', detail);
        return null;
      }
      asked.set(name, channel === 'nowhere' ? null : channel);
    }
    if (this.#messages.take(Math.floor(asked.size / limits.live_channels_per_message))) {
      return asked;
    }
    this.#fault('rate_limited', 'There are too many channels in too short a time.');
    return null;
  }

  /** The connection stays, unless it goes on like that. */
  #fault(code: 'invalid_request' | 'rate_limited' | 'too_large', detail: string): void {
    this.#send({ type: 'error', code, detail });
    const { hub, connection } = this.#options;
    if (!this.#faults.take(1)) hub.close(connection, 'faults');
  }

  #send(message: ServerMessage): void {
    this.#options.hub.send(this.#options.connection, message);
  }
}

/** Undefined: it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
