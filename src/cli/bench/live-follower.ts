import { WebSocket } from 'ws';
import { callApi } from '../api-client.ts';

interface Told {
  readonly type: string;
  readonly event?: { readonly kind: string; readonly id: string; readonly version: number };
}

const PATIENCE_MS = 20_000;

/** A person at one replica who is told what concerns them. */
export class LiveFollower {
  readonly #socket: WebSocket;
  /** When each thing, as `kind id`, was told that nobody has waited for yet. */
  readonly #told = new Map<string, number>();
  readonly #awaited = new Map<string, (told_at_ms: number) => void>();

  /** With a ticket of the replica itself, and subscribed to "me" when it resolves. */
  static async at(origin: string, ticket: string): Promise<LiveFollower> {
    const url = `${origin.replace(/^http/, 'ws')}/ws`;
    const follower = new LiveFollower(new WebSocket(url, ['agenda.v1', `ticket.${ticket}`]));
    await follower.#subscribe();
    return follower;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const { event } = JSON.parse((data as Buffer).toString('utf8')) as Told;
      if (event !== undefined) this.#note(`${event.kind} ${event.id}`);
    });
  }

  /** When it was told, on this process's clock; rejects when it is not. */
  whenTold(kind: string, id: string): Promise<number> {
    const what = `${kind} ${id}`;
    const told_at_ms = this.#told.get(what);
    if (told_at_ms !== undefined) {
      this.#told.delete(what);
      return Promise.resolve(told_at_ms);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nobody told of ${what}`)), PATIENCE_MS);
      this.#awaited.set(what, (at_ms) => {
        clearTimeout(timer);
        resolve(at_ms);
      });
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #note(what: string): void {
    const now_ms = performance.now();
    const told = this.#awaited.get(what);
    this.#awaited.delete(what);
    if (told === undefined) this.#told.set(what, now_ms);
    else told(now_ms);
  }

  #subscribe(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.once('close', (code) => reject(new Error(`a WebSocket was closed: ${code}`)));
      this.#socket.once('open', () => {
        this.#socket.send(JSON.stringify({ type: 'subscribe', channels: ['me'] }));
      });
      this.#socket.once('message', () => resolve());
    });
  }
}

/** A ticket that one may use for a while. */
export async function ticketAt(origin: string, token: string): Promise<string> {
  const { status, body } = await callApi(origin, 'POST', '/api/ws-ticket', { token });
  if (status !== 200) throw new Error(`/api/ws-ticket answers ${status}`);
  return (body as { ticket: string }).ticket;
}
