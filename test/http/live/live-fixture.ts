import { pino } from 'pino';
import type { AgendaEvent } from '../../../src/agenda/event.ts';
import { createSystemClock } from '../../../src/base/system-clock.ts';
import { ignoreUpgrade } from '../../../src/http/ignore-upgrade.ts';
import { createLive } from '../../../src/http/live/live.ts';
import type { Live } from '../../../src/http/live/live.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import type { Metrics } from '../../../src/http/metrics.ts';
import { ChangeFeed } from '../../../src/replica/change-feed.ts';
import { LiveClient } from '../../support/live-client.ts';
import { FakeApis } from '../api-fixture.ts';

/** That of `FakeApis`. */
export const live_ticket = Buffer.alloc(32, 4);

interface LiveNode {
  readonly feed: ChangeFeed;
  readonly live: Live;
  readonly metrics: Metrics;
}

/** APIs of fake replicas, with their WebSockets, over loopback; what they apply a test says. */
export class LiveApis {
  readonly apis: FakeApis;
  readonly #nodes: LiveNode[] = [];
  readonly #clients: LiveClient[] = [];
  readonly #listeners = new Set<() => void>();
  /** Overtakes the log of the fake state. */
  #index = 100;

  static async start(count: number): Promise<LiveApis> {
    return new LiveApis(await FakeApis.start(count));
  }

  private constructor(apis: FakeApis) {
    this.apis = apis;
    const clock = createSystemClock();
    for (const { replica, server, api } of apis.nodes) {
      const feed = new ChangeFeed({
        start_index: this.#index,
        onListenerError(error) {
          throw error;
        },
      });
      const metrics = createMetrics({
        status: () => replica.status(),
        group_id: 'main',
        version: '0',
      });
      const live = createLive({
        replica,
        log: pino({ level: 'trace' }, { write: (line) => void apis.log_lines.push(line) }),
        metrics,
        secrets: { live_ticket },
        now_ms: () => Date.now() + apis.clock_offset_ms,
        addresses: () => apis.addresses,
        feed,
        clock,
        onLeadershipChange: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      });
      server.on('upgrade', (request, socket, head) => {
        if (!live.upgrade(request, socket, head)) ignoreUpgrade(api.listener, request, socket);
      });
      this.#nodes.push({ feed, live, metrics });
    }
  }

  async ticket(token: string, at = 0): Promise<string> {
    const reply = await this.apis.call('POST', '/api/ws-ticket', { at, token });
    if (reply.status !== 200) throw new Error(`/api/ws-ticket: ${reply.text}`);
    return String(reply.body['ticket']);
  }

  async connect(
    ticket: string,
    at = 0,
    options: Parameters<typeof LiveClient.connect>[2] = {},
  ): Promise<LiveClient> {
    const protocols = ['agenda.v1', `ticket.${ticket}`];
    const client = await LiveClient.connect(this.apis.node(at).origin, protocols, options);
    this.#clients.push(client);
    return client;
  }

  async offer(protocols: readonly string[], at = 0): Promise<LiveClient> {
    const client = await LiveClient.connect(this.apis.node(at).origin, protocols);
    this.#clients.push(client);
    return client;
  }

  /** One more entry with these events, applied everywhere. */
  publish(...events: readonly AgendaEvent[]): void {
    this.#index += 1;
    for (const { feed } of this.#nodes) feed.publish(this.#index, events);
  }

  leadershipChanges(): void {
    for (const listener of this.#listeners) listener();
  }

  async metrics(at = 0): Promise<string> {
    return (await this.#nodes[at]?.metrics.registry.metrics()) ?? '';
  }

  async drain(at: number): Promise<void> {
    await this.#nodes[at]?.live.drain();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end();
    await Promise.all(this.#nodes.map(({ live }) => live.drain()));
    await this.apis.stop();
  }
}
