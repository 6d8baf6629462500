import type { IncomingMessage } from 'node:http';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { must } from '../../base/assert.ts';
import { crossOriginOf } from '../cors.ts';
import type { Exchange } from '../exchange.ts';
import { hasHost } from './has-host.ts';
import { data_fields, pageHeaders } from '../headers.ts';
import { judgeError } from './judge-error.ts';
import { malformed_address } from './malformed-address.ts';
import { ProblemError, problemAnswer, sendProblem } from '../problem.ts';
import { sendAnswer } from './send-answer.ts';
import type { Served } from './served.ts';
import type { ServeTable } from './serve-table.ts';
import type { ApiServices } from '../services.ts';
import { setFields } from './set-fields.ts';

type ExchangeOf = (request: IncomingMessage) => Exchange;

/**
 * Serves what is not found in the route table at once: the page; addresses in one of the rarer forms, which
 * Express reads; and what is nowhere.
 */
export function createServeOthers(
  services: ApiServices,
  serveTable: ServeTable,
): (served: Served) => void {
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const exchangeOf: ExchangeOf = (request) => must(exchanges.get(request), 'a request of nobody');
  const app = createApp(services, serveTable, exchangeOf);
  return ({ request, response, exchange }) => {
    exchanges.set(request, exchange);
    setFields(response, exchange.fields);
    app(request as Request, response as Response, (error: unknown) => {
      endUnserved(services, { request, response, exchange }, error);
    });
  };
}

/** Nothing of the app looks at an address that Express cannot read, and nothing can be added to half an answer. */
function endUnserved(services: ApiServices, served: Served, error: unknown): void {
  const { response, exchange } = served;
  if (error !== undefined && error !== null) {
    response.destroy();
    return;
  }
  const answer = problemAnswer(malformed_address, exchange.request_id);
  sendAnswer(services, served, answer);
}

function createApp(services: ApiServices, serveTable: ServeTable, exchangeOf: ExchangeOf): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');

  app.use(requireHost);
  app.use('/ui', pageHeaders(services.addresses), page(services.ui_directory));
  app.use((request, response, next) => {
    const served = { request, response, exchange: exchangeOf(request) };
    if (!serveTable(served, request.path)) next();
  });
  app.use((request, response, next) => {
    const cross_origin = crossOriginOf(services, request, exchangeOf(request));
    setFields(response, data_fields);
    setFields(response, cross_origin.fields);
    if (cross_origin.is_preflight) response.status(204).end();
    else next();
  });
  app.all('/ws', () => {
    const detail =
      'A WebSocket is opened here: connect with new WebSocket(…), as docs/api.md says.';
    throw new ProblemError({ code: 'invalid_request', detail, headers: { Upgrade: 'websocket' } });
  });
  app.use(() => {
    throw new ProblemError({ code: 'not_found', detail: 'There is nothing at this address.' });
  });
  app.use(errorFunnel(services, exchangeOf));
  return app;
}

function page(directory: string): RequestHandler {
  return express.static(directory, { redirect: true, index: 'index.html', acceptRanges: false });
}

/** RFC 9112, section 3.2. */
const requireHost: RequestHandler = (request, _response, next) => {
  if (hasHost(request)) {
    next();
    return;
  }
  throw new ProblemError({ code: 'invalid_request', detail: 'The Host header is missing.' });
};

function errorFunnel(services: ApiServices, exchangeOf: ExchangeOf): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    const exchange = exchangeOf(request);
    const problem = judgeError(services, { request, exchange }, error);
    if (response.headersSent) next(error);
    else sendProblem(response, problem, exchange.request_id);
  };
}
