import { readFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { problem_codes, sendProblem } from '../../src/http/problem.ts';
import type { ProblemCode } from '../../src/http/problem.ts';

const contract: readonly (readonly [number, readonly string[]])[] = [
  [400, ['invalid_request']],
  [401, ['unauthenticated']],
  [403, ['forbidden', 'imposed']],
  [404, ['not_found']],
  [409, ['username_taken', 'email_taken', 'conflict', 'stale', 'already_member']],
  [412, ['precondition_failed']],
  [413, ['too_large']],
  [422, ['not_supported', 'idempotency_key_reused']],
  [429, ['rate_limited']],
  [500, ['internal_error']],
  [503, ['no_leader', 'no_quorum', 'overloaded', 'index_not_reached', 'draining']],
  [504, ['outcome_unknown']],
];

test('codes are a closed list, each with its status', () => {
  const listed = contract.flatMap(([status, codes]) => codes.map((code) => [code, status]));
  const known = Object.entries(problem_codes).map(([code, { status }]) => [code, status]);
  expect(Object.fromEntries(known)).toEqual(Object.fromEntries(listed));
  expect(known).toHaveLength(listed.length);
});

describe('application/problem+json: {type, title, status, code, detail, request_id, errors?}', () => {
  function answered(code: ProblemCode, more: object = {}) {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    let text = '';
    response.end = (given: unknown) => {
      text = String(given);
      return response;
    };
    sendProblem(response, { code, detail: 'A sentence.', ...more }, 'request-1');
    return { response, body: JSON.parse(text) as Record<string, unknown> };
  }

  test.each(Object.keys(problem_codes) as ProblemCode[])('%s', (code) => {
    const { response, body } = answered(code);
    const { status, title } = problem_codes[code];
    expect(response.statusCode).toBe(status);
    expect(response.getHeader('content-type')).toBe('application/problem+json');
    const type = `urn:agenda:problem:${code}`;
    const detail = 'A sentence.';
    expect(body).toEqual({ type, title, status, code, detail, request_id: 'request-1' });
    const errors = [{ field: 'end', detail: 'must be after start' }];
    expect(answered(code, { errors }).body).toEqual({ ...body, errors });
  });

  test('all of 503 with Retry-After', () => {
    for (const [status, codes] of contract) {
      for (const code of codes as readonly ProblemCode[]) {
        const given = answered(code).response.getHeader('retry-after');
        const is_expected = status === 503 || status === 429;
        expect([code, typeof given]).toEqual([code, is_expected ? 'string' : 'undefined']);
      }
    }
  });
});

test('docs/errors.md lists exactly the codes there are, each with its status', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z_]+)` +\| (\d{3}) /gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  const known = Object.entries(problem_codes).map(([code, { status }]) => [code, status]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(known));
  expect(listed).toHaveLength(known.length);
});
