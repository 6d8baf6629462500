import { Agent, request } from 'node:http';

/** One request of a closed loop. */
export interface LoadRequest {
  readonly method: 'POST' | 'PUT';
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoadOptions {
  readonly clients: number;
  /** Not counted. */
  readonly warm_up_ms: number;
  readonly measured_ms: number;
  /** The next request of a client; `count` grows by one each time. */
  readonly next: (client: number, count: number) => LoadRequest;
  readonly isSuccess: (status: number) => boolean;
}

export interface LoadResult {
  readonly succeeded: number;
  readonly failed: number;
  readonly measured_ms: number;
  /** Of the requests that succeeded, ascending. */
  readonly latencies_ms: readonly number[];
}

const SOCKET_TIMEOUT_MS = 10_000;

/**
 * Each client sends its next request when it has the answer to the last one: throughput and latency of a
 * closed loop. `onMeasure` is called when the warm-up ends.
 */
export async function runLoad(options: LoadOptions, onMeasure: () => void): Promise<LoadResult> {
  const { clients, warm_up_ms, measured_ms, next, isSuccess } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: clients, timeout: SOCKET_TIMEOUT_MS });
  const starts_ms = performance.now() + warm_up_ms;
  const ends_ms = starts_ms + measured_ms;
  const latencies_ms: number[] = [];
  let failed = 0;
  const timer = setTimeout(onMeasure, warm_up_ms);
  const loop = async (client: number): Promise<void> => {
    for (let count = 0; performance.now() < ends_ms; count += 1) {
      const began_ms = performance.now();
      const status = await send(agent, next(client, count));
      const ended_ms = performance.now();
      if (began_ms < starts_ms || ended_ms > ends_ms) continue;
      if (isSuccess(status)) latencies_ms.push(ended_ms - began_ms);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  clearTimeout(timer);
  agent.destroy();
  latencies_ms.sort((one, other) => one - other);
  return { succeeded: latencies_ms.length, failed, measured_ms, latencies_ms };
}

/** The same until `goesOn` says no, which it is asked before each request; all of them count. */
export async function runLoadWhile(
  options: Pick<LoadOptions, 'clients' | 'next' | 'isSuccess'>,
  goesOn: () => boolean,
): Promise<LoadResult> {
  const { clients, next, isSuccess } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: clients, timeout: SOCKET_TIMEOUT_MS });
  const starts_ms = performance.now();
  const latencies_ms: number[] = [];
  let failed = 0;
  const loop = async (client: number): Promise<void> => {
    for (let count = 0; goesOn(); count += 1) {
      const began_ms = performance.now();
      const status = await send(agent, next(client, count));
      if (isSuccess(status)) latencies_ms.push(performance.now() - began_ms);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  const measured_ms = performance.now() - starts_ms;
  agent.destroy();
  latencies_ms.sort((one, other) => one - other);
  return { succeeded: latencies_ms.length, failed, measured_ms, latencies_ms };
}

/** The status, or 0 when there was no answer. */
function send(agent: Agent, { method, origin, path, headers, body }: LoadRequest): Promise<number> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(origin);
    const outgoing = request(
      {
        agent,
        host: hostname,
        port,
        path,
        method,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', () => resolve(0));
      },
    );
    outgoing.once('error', () => resolve(0));
    outgoing.end(body);
  });
}

/** The latency that a share of the requests did not exceed; null when there were none. */
export function percentile(latencies_ms: readonly number[], share: number): number | null {
  const at = Math.min(latencies_ms.length - 1, Math.floor(latencies_ms.length * share));
  return latencies_ms[at] ?? null;
}
