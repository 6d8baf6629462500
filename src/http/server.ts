import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { apiRoutes } from './api-routes.ts';
import type { ApiDependencies } from './dependencies.ts';
import { beginExchange } from './exchange.ts';
import type { ForwardAnswer } from './forward/forward-answer.ts';
import { receiveForwarded } from './forward/receive-forwarded.ts';
import { hasHost } from './serve/has-host.ts';
import { createServeOthers } from './serve/serve-others.ts';
import { createServeTable } from './serve/serve-table.ts';
import type { Served } from './serve/served.ts';
import { createServices } from './services.ts';
import type { ApiServices } from './services.ts';

/** The whole API for clients, on top of one replica. */
export interface Api {
  /** For `http.createServer`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes what other replicas took from clients: see `forward/receive-forwarded.ts`. */
  readonly receiveForwarded: (source_node_id: string, command: unknown) => Promise<ForwardAnswer>;
}

export function createApi(dependencies: ApiDependencies): Api {
  const services = createServices(dependencies);
  const routes = apiRoutes(services).flatMap((section) => section.routes);
  const serveTable = createServeTable(services, routes);
  const serveOthers = createServeOthers(services, serveTable);
  return {
    listener(request, response) {
      const exchange = beginExchange(request);
      const served = { request, response, exchange };
      response.on('close', () => observe(services, served));
      const is_served = isPlain(served) && serveTable(served, exchange.path);
      if (!is_served) serveOthers(served);
    },
    receiveForwarded: (source_node_id, command) =>
      receiveForwarded(services, source_node_id, command),
  };
}

/** A path and perhaps a query, as nearly all addresses are, at a host. */
function isPlain({ request, exchange: { path_and_query } }: Served): boolean {
  return path_and_query.startsWith('/') && !path_and_query.includes('#') && hasHost(request);
}

function observe({ metrics, log }: ApiServices, { request, response, exchange }: Served): void {
  const { started_at_ms, request_id, route } = exchange;
  const duration_ms = performance.now() - started_at_ms;
  const method = request.method ?? '';
  metrics.requestServed(method, route, response.statusCode, duration_ms);
  const level = response.statusCode >= 500 ? 'warn' : 'debug';
  log[level](
    { request_id, method, route, status: response.statusCode, duration_ms },
    'request served',
  );
}
