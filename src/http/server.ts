import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { apiRoutes } from './api-routes.ts';
import { recordRefusal } from './audit-logs/record-refusal.ts';
import { crossOrigin } from './cors.ts';
import type { ApiDependencies } from './dependencies.ts';
import { serveRoute } from './dispatch.ts';
import { beginExchange, exchangeOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { ForwardAnswer } from './forward/forward-answer.ts';
import { receiveForwarded } from './forward/receive-forwarded.ts';
import { dataHeaders, pageHeaders } from './headers.ts';
import { ProblemError, sendProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Route } from './route.ts';
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
  const app = createApp(services);
  return {
    listener(request, response) {
      const exchange = beginExchange(request);
      response.setHeader('X-Request-Id', exchange.request_id);
      response.once('close', () => {
        observe(services, request, response, exchange);
      });
      app(request, response);
    },
    receiveForwarded: (source_node_id, command) =>
      receiveForwarded(services, source_node_id, command),
  };
}

function createApp(services: ApiServices): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  if (services.trust_proxy !== null) app.set('trust proxy', [...services.trust_proxy]);

  app.use(requireHost);
  app.use('/ui', pageHeaders(services.addresses), page(services.ui_directory));
  app.use(dataHeaders(), neverStored, crossOrigin(services));
  const routes = apiRoutes(services).flatMap((section) => section.routes);
  mount(app, services, routes);
  app.all('/ws', () => {
    const detail =
      'A WebSocket is opened here: connect with new WebSocket(…), as docs/api.md says.';
    throw new ProblemError({ code: 'invalid_request', detail, headers: { Upgrade: 'websocket' } });
  });
  app.use(() => {
    throw new ProblemError({ code: 'not_found', detail: 'There is nothing at this address.' });
  });
  app.use(errorFunnel(services));
  return app;
}

/** One Express route for each path; a method it does not have is named in the refusal. */
function mount(app: Express, services: ApiServices, routes: readonly Route[]): void {
  const by_path = new Map<string, Route[]>();
  for (const route of routes) {
    by_path.set(route.path, [...(by_path.get(route.path) ?? []), route]);
  }
  for (const [path, lines] of by_path) {
    const mounted = app.route(path);
    for (const line of lines) {
      const method = line.method.toLowerCase() as Lowercase<Route['method']>;
      mounted[method](serveRoute(services, line));
    }
    const allowed = lines.map((line) => line.method).join(', ');
    mounted.all(() => {
      const detail = `Nothing answers to this method here, only ${allowed}.`;
      throw new ProblemError({ code: 'not_found', detail, headers: { Allow: allowed } });
    });
  }
}

function page(directory: string): RequestHandler {
  return express.static(directory, { redirect: true, index: 'index.html', acceptRanges: false });
}

/** RFC 9112, section 3.2. */
const requireHost: RequestHandler = (request, _response, next) => {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') {
    next();
    return;
  }
  throw new ProblemError({ code: 'invalid_request', detail: 'The Host header is missing.' });
};

const neverStored: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};

function errorFunnel({ log, audit }: ApiServices): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    const exchange = exchangeOf(request);
    const { request_id, route } = exchange;
    const problem = problemOf(error);
    recordRefusal(audit, request.method, exchange, problem.code);
    if (problem.code === 'internal_error' && !(error instanceof ProblemError)) {
      log.error({ err: error, request_id, route }, 'a request failed by an error of the server');
    }
    if (response.headersSent) {
      next(error);
      return;
    }
    sendProblem(response, problem, request_id);
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  switch (statusOf(error)) {
    case 400:
      return { code: 'invalid_request', detail: 'The address is not well encoded.' };
    case 412:
      return { code: 'precondition_failed', detail: 'This file is another one by now.' };
  }
  const detail = 'Something went wrong here; the request id leads to it in the log.';
  return { code: 'internal_error', detail };
}

/** What Express itself refuses: a path that does not decode, an If-Match of the page. */
function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : null;
}

function observe(
  { metrics, log }: ApiServices,
  request: IncomingMessage,
  response: ServerResponse,
  { started_at_ms, request_id, route }: Exchange,
): void {
  const duration_ms = performance.now() - started_at_ms;
  const method = request.method ?? '';
  metrics.requestServed(method, route, response.statusCode, duration_ms);
  const level = response.statusCode >= 500 ? 'warn' : 'debug';
  log[level](
    { request_id, method, route, status: response.statusCode, duration_ms },
    'request served',
  );
}
