import type { DescribedOperation } from '../api-description.ts';
import { brokenBody } from './broken-body.ts';
import { chance, letters, pick } from './chance.ts';
import { junkText, junkUrlPart } from './junk.ts';
import { validValue } from './valid-value.ts';
import { idIn } from './known-values.ts';
import type { ValueSource } from './valid-value.ts';

export interface FuzzSource extends ValueSource {
  readonly token: string;
  /** A `min_index` far ahead makes a real replica wait until the deadline. */
  readonly may_wait: boolean;
}

/** A request, still in parts. Texts are sent as Latin-1, so that any byte can be in them. */
export interface FuzzRequest {
  method: string;
  path: string;
  query: [string, string][];
  headers: [string, string][];
  body: Buffer | null;
  /** It is for the operation that it was made for, however wrong the rest. */
  is_addressed: boolean;
  /** What shows who asks is the token as it was given. */
  has_good_token: boolean;
}

/** What the description asks for, so that it mostly succeeds. */
export function goodRequest(source: FuzzSource, operation: DescribedOperation): FuzzRequest {
  const { prng, known, token } = source;
  const request: FuzzRequest = {
    method: operation.method,
    path: operation.path,
    query: [],
    headers: [['Host', '127.0.0.1']],
    body: null,
    is_addressed: true,
    has_good_token: !operation.is_public,
  };
  if (!operation.is_public) request.headers.push(['Authorization', `Bearer ${token}`]);
  for (const parameter of operation.parameters) {
    const { name, required, schema } = parameter;
    if (!required && chance(prng, 75)) continue;
    const known_name = name === 'id' ? idIn(operation.path) : name;
    const value = known.any(prng, known_name) ?? String(validValue(source, schema, name));
    if (parameter.in === 'path') {
      request.path = request.path.replace(`{${name}}`, encodeURIComponent(value));
    } else if (parameter.in === 'query') {
      request.query.push([encodeURIComponent(name), encodeURIComponent(value)]);
    } else {
      request.headers.push([name, value]);
    }
  }
  if (operation.body !== null && (operation.body.required || chance(prng, 70))) {
    request.headers.push(['Content-Type', 'application/json']);
    request.body = Buffer.from(JSON.stringify(validValue(source, operation.body.schema)));
  }
  return request;
}

/** The same with one thing wrong in it. */
export function brokenRequest(source: FuzzSource, operation: DescribedOperation): FuzzRequest {
  const request = goodRequest(source, operation);
  const { prng } = source;
  const breaks: ((source: FuzzSource, request: FuzzRequest) => void)[] = [
    breakQuery,
    breakHeader,
    breakPath,
    breakMethod,
    ...(request.body === null ? [] : [breakBody, breakBody, breakBody, breakBody, breakBody]),
  ];
  pick(prng, breaks)(source, request);
  return request;
}

function breakBody({ prng }: FuzzSource, request: FuzzRequest): void {
  if (chance(prng, 85)) {
    request.body = brokenBody(prng, JSON.parse(String(request.body)));
    return;
  }
  const content_type = pick(prng, [
    'text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=utf-8',
    'application/json;',
    'APPLICATION/JSON',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    '',
    '\xff',
  ]);
  request.headers = request.headers.filter(([name]) => name !== 'Content-Type');
  if (chance(prng, 80)) request.headers.push(['Content-Type', content_type]);
  else request.headers.push(['Content-Type', 'application/json'], ['Content-Encoding', 'gzip']);
}

function breakQuery({ prng, may_wait }: FuzzSource, request: FuzzRequest): void {
  const value = junkUrlPart(prng);
  const names = ['start', 'end', 'limit', 'cursor', 'include', 'query', 'consistency', 'group'];
  const name = pick(prng, [
    ...request.query.map(([given]) => given),
    ...names,
    ...(may_wait || !/\d/.test(value) ? ['min_index'] : []),
    'ticket',
    '__proto__',
    junkUrlPart(prng),
  ]);
  const at = request.query.findIndex(([given]) => given === name);
  // Given twice in some cases.
  if (at === -1 || chance(prng, 20)) request.query.push([name, value]);
  else request.query[at] = [name, value];
}

function breakPath({ prng }: FuzzSource, request: FuzzRequest): void {
  const parts = request.path.split('/');
  const at = chance(prng, 70) ? parts.length - 1 : 1 + prng.below(parts.length - 1);
  const last = parts[at] ?? '';
  request.is_addressed = false;
  parts[at] = pick(prng, [junkUrlPart(prng), junkUrlPart(prng), last.toUpperCase(), `${last}/`]);
  request.path = parts.join('/');
  if (chance(prng, 5)) request.path = `http://elsewhere.test${request.path}`;
  if (chance(prng, 3)) request.path = pick(prng, ['*', '//', '/\\', '/?', '/#a']);
}

function breakMethod({ prng }: FuzzSource, request: FuzzRequest): void {
  const methods = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'PATCH', 'POST', 'TRACE', 'PROPFIND'];
  request.is_addressed = false;
  request.method = pick(prng, methods);
}

function breakHeader({ prng, token }: FuzzSource, request: FuzzRequest): void {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const as_bytes = Buffer.from(junkText(prng)).toString('latin1').slice(0, 2_000);
  const without_controls = as_bytes.replace(/\p{Control}/gu, '');
  const [name, value] = pick<[string, string]>(prng, [
    ['Authorization', ''],
    ['Authorization', 'Bearer'],
    ['Authorization', `Basic ${Buffer.from('a:b').toString('base64')}`],
    ['Authorization', `Bearer ${head}.${payload}.${signature.slice(1)}`],
    ['Authorization', `Bearer ${unsigned}.${payload}.`],
    ['Authorization', `Bearer ${letters(prng, 5)}.${letters(prng, 5)}.${letters(prng, 5)}`],
    ['Authorization', `Bearer ${without_controls}`],
    ['X-Audit-Token', without_controls],
    ['Idempotency-Key', ''],
    ['Idempotency-Key', 'x'.repeat(256)],
    ['Idempotency-Key', without_controls],
    ['If-Match', without_controls],
    ['If-Match', '"0"'],
    ['If-Match', 'W/"1"'],
    ['If-Match', '"1", "x", W/"2", 3'],
    ['If-Match', '"99999999999999999999"'],
    ['If-Match', '"1",'.repeat(200)],
    ['Agenda-Routing', pick(prng, ['', 'auto', 'FORWARD', without_controls])],
    ['X-Request-Id', without_controls],
    ['X-Forwarded-For', without_controls],
    ['X-Forwarded-Host', 'elsewhere.test'],
    ['Origin', pick(prng, ['null', 'http://elsewhere.test', without_controls])],
    ['Host', pick(prng, ['', 'a b', '[::1', 'elsewhere.test:99999', without_controls])],
    ['Accept', 'image/png'],
    ['Accept-Encoding', 'gzip;q=nonsense'],
    ['If-None-Match', '*'],
    ['Range', 'bytes=5-1'],
    ['Expect', pick(prng, ['100-continue', 'everything'])],
    ['Upgrade', 'h2c'],
    ['Cookie', without_controls],
    ['Content-Language', 'x'.repeat(8_000)],
  ]);
  const is_added = chance(prng, 15);
  if (!is_added) request.headers = request.headers.filter(([given]) => given !== name);
  if (name === 'Authorization') request.has_good_token = false;
  request.headers.push([name, value]);
}
