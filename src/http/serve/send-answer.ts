import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Exchange } from '../exchange.ts';
import { data_fields } from '../headers.ts';
import type { Answer } from '../route.ts';
import type { Served } from './served.ts';
import type { ApiServices } from '../services.ts';
import { setFields } from './set-fields.ts';
import { streamAnswer } from './stream-answer.ts';

const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';

/** Sends the answer of a line of the route table, done or refused; all header fields in one call. */
export function sendAnswer(services: ApiServices, served: Served, answer: Answer): void {
  const { response, exchange } = served;
  const fields = fieldsOf(exchange, answer);
  if (answer.chunks !== undefined) {
    fields.push('Content-Type', JSON_CONTENT_TYPE);
    writeHead(response, answer.status, fields);
    sendChunks(services, served, answer.chunks);
    return;
  }
  const text = answer.text ?? jsonText(answer.body);
  if (text === null) {
    // Whether a length is told of nothing depends on the request, and Node knows it.
    setFields(response, fields);
    response.statusCode = answer.status;
    response.end();
    return;
  }
  const { content_type, content } = text;
  const length = String(Buffer.byteLength(content));
  fields.push('Content-Type', content_type, 'Content-Length', length);
  writeHead(response, answer.status, fields);
  response.end(content);
}

function fieldsOf({ fields, served_by }: Exchange, { headers }: Answer): string[] {
  const all = [...data_fields, ...fields];
  // A refusal tells it as well.
  if (served_by !== null) all.push('Agenda-Served-By', served_by);
  if (headers === undefined) return all;
  for (const [name, value] of Object.entries(headers)) all.push(name, value);
  return all;
}

/** With a reason: else it would be that of a head which could not be written before. */
function writeHead(response: ServerResponse, status: number, fields: string[]): void {
  response.writeHead(status, STATUS_CODES[status] ?? '', fields);
}

function sendChunks(
  { clock, log, metrics: { streams } }: ApiServices,
  { response, exchange: { request_id, route } }: Served,
  chunks: AsyncIterable<string>,
): void {
  streams.begun();
  streamAnswer(response, chunks, {
    clock,
    onCutOff(reason) {
      streams.cutOff(reason);
      log.warn({ request_id, route, reason }, 'a client was too slow; its answer was cut off');
    },
    onEnd: () => streams.ended(),
  });
}

function jsonText(body: unknown): NonNullable<Answer['text']> | null {
  if (body === undefined) return null;
  return { content_type: JSON_CONTENT_TYPE, content: JSON.stringify(body) };
}
