import type { AgendaEvent } from '../../agenda/event.ts';
import type { Key } from '../../agenda/model.ts';
import type { Clock } from '../../consensus/ports.ts';
import type { TokenSession } from '../token.ts';
import type { Channel } from './channel.ts';
import type { Position } from './position.ts';

/** What is needed of a WebSocket. */
export interface LiveSocket {
  /** Bytes that wait to be sent. */
  readonly buffered_bytes: number;
  /** A text message. */
  send(text: Buffer): void;
  ping(): void;
  /** Begins to say goodbye. */
  close(code: number, reason: string): void;
  /** Ends it as it stands. */
  terminate(): void;
}

/** One channel of one connection. */
export interface Subscription {
  /** As the client named it. */
  readonly name: string;
  readonly channel: Channel;
  /** What is before this was sent, or is not wanted; if it is live, so is all that others were told. */
  next: Position;
  /** Told with all others; else it still gets what it missed. */
  is_live: boolean;
}

/** A client at this replica. */
export class LiveConnection {
  readonly socket: LiveSocket;
  readonly session: TokenSession;
  /** By the names of their channels. */
  readonly subscriptions = new Map<string, Subscription>();
  /** All live channels have had what is before this. */
  told_through: Position = 0;
  /** Grows when its subscriptions change, so that a catching up under way begins anew. */
  generation = 0;
  pings_missed = 0;
  is_open = true;
  stopAwaitingExpiry: ReturnType<Clock['after']> = () => undefined;
  #me: Subscription | null = null;
  readonly #groups = new Map<Key, Subscription>();
  readonly #appointments = new Map<Key, Subscription>();

  constructor(socket: LiveSocket, session: TokenSession) {
    this.socket = socket;
    this.session = session;
  }

  /** In the place of one of the same channel. */
  subscribe(subscription: Subscription): void {
    const { channel, name } = subscription;
    this.subscriptions.set(name, subscription);
    if (channel.kind === 'me') this.#me = subscription;
    else this.#byKey(channel.kind).set(channel.key, subscription);
    this.generation += 1;
  }

  unsubscribe(name: string): void {
    const subscription = this.subscriptions.get(name);
    if (subscription === undefined) return;
    const { channel } = subscription;
    this.subscriptions.delete(name);
    if (channel.kind === 'me') this.#me = null;
    else this.#byKey(channel.kind).delete(channel.key);
    this.generation += 1;
  }

  /** On which of its channels an event is told, in the order of their positions. */
  channelsOf({
    group_key,
    appointment_key,
  }: AgendaEvent): readonly [Subscription | null, Subscription | null, Subscription | null] {
    return [
      this.#me,
      group_key === null ? null : (this.#groups.get(group_key) ?? null),
      appointment_key === null ? null : (this.#appointments.get(appointment_key) ?? null),
    ];
  }

  /** Those that still get what they missed. */
  behind(): readonly Subscription[] {
    return [...this.subscriptions.values()].filter(({ is_live }) => !is_live);
  }

  #byKey(kind: 'group' | 'appointment'): Map<Key, Subscription> {
    return kind === 'group' ? this.#groups : this.#appointments;
  }
}
