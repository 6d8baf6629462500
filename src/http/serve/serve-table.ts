import { crossOriginOf } from '../cors.ts';
import { answerTo } from '../dispatch.ts';
import { judgeError } from './judge-error.ts';
import { malformed_address } from './malformed-address.ts';
import { ProblemError, problemAnswer } from '../problem.ts';
import { createFindLines } from './find-lines.ts';
import type { FoundLines } from './find-lines.ts';
import type { Answer, Route } from '../route.ts';
import { sendAnswer } from './send-answer.ts';
import type { Served } from './served.ts';
import type { ApiServices } from '../services.ts';

/** False: nothing of the table is at this path, and nothing was done. */
export type ServeTable = (served: Served, path: string) => boolean;

/** Serves what is in the route table. */
export function createServeTable(services: ApiServices, routes: readonly Route[]): ServeTable {
  const findLines = createFindLines(routes);
  return (served, path) => {
    const found = findLines(path);
    if (found === null) return false;
    serve(services, served, found).catch((error: unknown) => {
      services.log.error({ err: error }, 'a request could not be answered');
      served.response.destroy();
    });
    return true;
  };
}

/** What is thrown on the way is answered as well. */
async function serve(
  services: ApiServices,
  served: Served,
  found: FoundLines | 'malformed',
): Promise<void> {
  const { response, exchange } = served;
  try {
    sendAnswer(services, served, await answerAt(services, served, found));
  } catch (error) {
    const problem = judgeError(services, served, error);
    if (response.headersSent) response.destroy();
    else sendAnswer(services, served, problemAnswer(problem, exchange.request_id));
  }
}

async function answerAt(
  services: ApiServices,
  served: Served,
  found: FoundLines | 'malformed',
): Promise<Answer> {
  const { request, exchange } = served;
  const { fields, is_preflight } = crossOriginOf(services, request, exchange);
  exchange.fields.push(...fields);
  if (is_preflight) return { status: 204 };
  if (found === 'malformed') throw new ProblemError(malformed_address);
  const route = lineFor(found, request.method ?? '');
  exchange.route = route.path;
  return answerTo(services, route, found.params, served);
}

/** HEAD is GET without the body, which Node leaves out. Throws `not_found`. */
function lineFor({ lines: { by_method, allowed } }: FoundLines, method: string): Route {
  const line = by_method.get(method === 'HEAD' ? 'GET' : method);
  if (line !== undefined) return line;
  const detail = `Nothing answers to this method here, only ${allowed}.`;
  throw new ProblemError({ code: 'not_found', detail, headers: { Allow: allowed } });
}
