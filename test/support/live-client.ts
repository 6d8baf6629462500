import { WebSocket } from 'ws';
import { eventually } from './eventually.ts';

export interface LiveMessage {
  readonly type: string;
  readonly channel?: string;
  readonly channels?: readonly string[];
  readonly cursor?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly leader_id?: string | null;
  readonly event?: { readonly kind: string; readonly id: string; readonly version: number };
}

/** A WebSocket was refused. */
export class LiveRefused extends Error {
  override name = 'LiveRefused';
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;

  constructor(
    status: number,
    body: Record<string, unknown>,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A client of /ws as a program would write one: keeps all it is told. */
export class LiveClient {
  readonly messages: LiveMessage[] = [];
  readonly socket: WebSocket;
  close_code: number | null = null;
  close_reason = '';

  /** Rejects with {@link LiveRefused} when it is answered otherwise. */
  static async connect(
    http_origin: string,
    protocols: readonly string[],
    options: { readonly origin?: string; readonly path?: string } = {},
  ): Promise<LiveClient> {
    const { path = '/ws', origin } = options;
    const url = `${http_origin.replace(/^http/, 'ws')}${path}`;
    const headers = origin === undefined ? {} : { origin };
    const client = new LiveClient(new WebSocket(url, [...protocols], { headers }));
    await client.#opened();
    return client;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.messages.push(JSON.parse((data as Buffer).toString('utf8')) as LiveMessage);
    });
    socket.on('close', (code, reason) => {
      this.close_code = code;
      this.close_reason = reason.toString('utf8');
    });
    socket.on('error', () => undefined);
  }

  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
      this.socket.once('unexpected-response', (request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
          reject(new LiveRefused(response.statusCode ?? 0, body, response.headers));
          request.destroy();
        });
      });
    });
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  of(type: string): LiveMessage[] {
    return this.messages.filter((one) => one.type === type);
  }

  /** The events of a channel as `kind id version`. */
  told(channel: string): string[] {
    return this.of('event')
      .filter((one) => one.channel === channel)
      .map(({ event }) => `${event?.kind} ${event?.id} ${event?.version}`);
  }

  /** Of the last message that has one. */
  get cursor(): string {
    const cursor = this.messages.findLast((one) => one.cursor !== undefined)?.cursor;
    if (cursor === undefined) throw new Error('there was no cursor');
    return cursor;
  }

  /** Waits for the `count`-th message of a type. */
  async next(type: string, count = 1): Promise<LiveMessage> {
    return eventually(`message ${count} "${type}"`, () => this.of(type)[count - 1] ?? null);
  }

  async closed(): Promise<number> {
    return eventually('the end of a WebSocket', () => this.close_code);
  }

  end(): void {
    this.socket.terminate();
  }
}
