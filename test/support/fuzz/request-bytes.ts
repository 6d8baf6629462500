import type { Prng } from '../../../src/base/prng.ts';
import { chance, pick } from './chance.ts';
import type { FuzzRequest } from './fuzz-request.ts';
import type { RawRequest } from './raw-http.ts';

const CHUNKED = 'Transfer-Encoding';

/** A request as HTTP/1.1; in so many of a hundred cases as something that only looks like it. */
export function requestBytes(
  prng: Prng,
  request: FuzzRequest,
  percent_malformed: number,
): RawRequest {
  const { method, path, query, headers, body } = request;
  const parameters = query.map(([name, value]) => `${name}=${value}`).join('&');
  const target = parameters === '' ? path : `${path}?${parameters}`;
  const all_headers: [string, string][] = [...headers, ['Connection', 'close']];
  if (body !== null) all_headers.push(['Content-Length', String(body.length)]);
  const parts = { method, target: spaceless(target), version: 'HTTP/1.1', headers: all_headers };
  const is_malformed = chance(prng, percent_malformed);
  if (is_malformed) malform(prng, parts);
  const lines = [
    `${parts.method} ${parts.target} ${parts.version}`,
    ...parts.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const whole = body === null ? head : Buffer.concat([head, body]);
  // Without a body its chunks would be waited for.
  const lacks_chunks = body === null && parts.headers.some(([name]) => name === CHUNKED);
  const is_cut_off = lacks_chunks || (is_malformed && chance(prng, 20));
  return {
    bytes: is_cut_off && !lacks_chunks ? whole.subarray(0, prng.below(whole.length)) : whole,
    is_head: parts.method === 'HEAD',
    // The parser takes no other bytes there.
    is_malformed: is_malformed || !/^[!-~]*$/.test(parts.target),
    is_cut_off,
  };
}

/** What separates the parts of the first line cannot be in one of them. */
function spaceless(target: string): string {
  return target.replace(/[\p{Control} ]/gu, '');
}

interface Parts {
  method: string;
  target: string;
  version: string;
  headers: [string, string][];
}

function malform(prng: Prng, parts: Parts): void {
  pick<() => void>(prng, [
    () => (parts.method = pick(prng, ['', 'BREW', 'get', 'G\u0000T', 'GET '])),
    () => (parts.target = pick(prng, ['', 'no-slash', '/ /', '/\u0000', '\x80', '/a b'])),
    () => (parts.version = pick(prng, ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTPS', ''])),
    () => (parts.headers = parts.headers.filter(([name]) => name !== 'Host')),
    () => parts.headers.push(['Host', 'elsewhere.test']),
    () =>
      parts.headers.push([
        'Content-Length',
        pick(prng, ['-1', 'x', '1e3', '18446744073709551616']),
      ]),
    () => parts.headers.push([CHUNKED, pick(prng, ['chunked', 'gzip', 'chunked, chunked'])]),
    () => parts.headers.push(['X-Large', 'x'.repeat(20_000)]),
    () => parts.headers.push(['X-Bad', 'a\u0000b']),
    () => parts.headers.push(['Bad Name', 'a']),
    () => parts.headers.push([' Folded', 'a']),
    () => parts.headers.push(['', '']),
    () => parts.headers.push(...Array.from({ length: 3_000 }, (): [string, string] => ['a', 'b'])),
  ])();
}
