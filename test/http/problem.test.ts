import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { problem_codes } from '../../src/http/problem.ts';

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
