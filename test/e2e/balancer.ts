import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly origin: string;
  /** How many requests each replica got. */
  readonly counts: readonly number[];
  close(): Promise<void>;
}

/** One name for all replicas: requests go to them in turn, as they came, with the `Host` of the balancer. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const counts = ports.map(() => 0);
  let turn = 0;
  const server = createServer((request, response) => {
    const at = turn % ports.length;
    turn += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    const { method = 'GET', url: path = '/', headers } = request;
    const onward = httpRequest(
      { host: '127.0.0.1', port: ports[at] ?? 0, method, path, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
