import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { testsIn } from './test-titles.ts';
import type { TitledTest } from './test-titles.ts';

/** A statement of the contract and the test that fails without it: a row of `api-lines.txt`. */
interface Line {
  readonly statement: string;
  /** Below `test/`. */
  readonly file: string;
  /** From the outside to the inside. */
  readonly titles: readonly string[];
}

const OWN_FILE = 'http/api-lines.test.ts';
const tests = new URL('../', import.meta.url);

function lineOf(row: string): Line {
  const [statement = '', file = '', path = '', ...rest] = row.split(' | ');
  if (rest.length > 0 || statement === '' || path === '') {
    throw new Error(`a row is "statement | file | title", not: ${row}`);
  }
  return { statement, file, titles: path.split(' > ') };
}

const rows = readFileSync(new URL('http/api-lines.txt', tests), 'utf8')
  .split('\n')
  .filter((row) => row !== '' && !row.startsWith('# '));
const sections = rows.filter((row) => row.startsWith('## ')).map((row) => row.slice('## '.length));
const lines = rows.filter((row) => !row.startsWith('## ')).map(lineOf);

/** Whether there is such a path, beginning with one of these or deeper; what lies between may be left out. */
function hasPath(tests: readonly TitledTest[], path: readonly string[]): boolean {
  const [first, ...rest] = path;
  return tests.some(
    ({ title, within }) =>
      (title === first && (rest.length === 0 || hasPath(within, rest))) || hasPath(within, path),
  );
}

const tests_of_files = new Map<string, readonly TitledTest[]>();

/** Read once: many rows name the same file. */
function testsOfFile(path: URL): readonly TitledTest[] {
  const known = tests_of_files.get(path.href) ?? testsIn(readFileSync(path, 'utf8'));
  tests_of_files.set(path.href, known);
  return known;
}

/** What is wrong with a row; null: its test is there. */
function complaintAbout({ file, titles }: Line): string | null {
  const path = new URL(file, tests);
  if (!file.endsWith('.test.ts') || !existsSync(path)) return `there is no file ${file}`;
  if (file === OWN_FILE) return 'a row does not prove itself';
  if (hasPath(testsOfFile(path), titles)) return null;
  return `no test in ${file} that runs has the title: ${titles.join(' > ')}`;
}

describe('every line of the contract that is there today', () => {
  test.each(lines)('$statement', (line) => {
    expect(complaintAbout(line)).toBeNull();
  });

  test('is listed once, in all sections', () => {
    const statements = lines.map((line) => line.statement);
    expect(statements.filter((one, at) => statements.indexOf(one) !== at)).toEqual([]);
    expect(sections).toEqual([
      'Form',
      'Errors',
      'Status',
      'Lists',
      'PUT and PATCH',
      'Public',
      'With a token: users',
      'With a token: the agenda',
      'With a token: groups',
      'Groups: rules',
      'Notifications and posts',
      'Appointment in',
      'Appointment out, participant, user',
      'DELETE',
      'Concurrency and retries',
      'Read consistency',
      'Leader routing',
      'Between replicas',
      'Cluster view',
      'Audit',
      'WebSocket',
    ]);
  });
});

test('a row whose file or title is not there would be found', () => {
  const row = 'a statement | http/instant.test.ts | what goes out comes in again as the same';
  expect(complaintAbout(lineOf(row))).toBeNull();
  for (const wrong of [
    row.replace('instant.test', 'nothing.test'),
    row.replace('the same', 'another'),
    // The title of no test, though the text has it.
    'a statement | http/instant.test.ts | 2026-11-20T15:00:00Z',
    'a statement | http/consistency.test.ts | GET',
    // In the wrong order.
    'a statement | http/cors.test.ts | and no others > preflights use up nothing > and no others',
    `a statement | ${OWN_FILE} | a row whose file or title is not there would be found`,
  ]) {
    expect([wrong, complaintAbout(lineOf(wrong))]).toEqual([wrong, expect.any(String)]);
  }
  expect(() => lineOf('a statement | http/instant.test.ts')).toThrow('a row is');
});

describe('a title counts', () => {
  const isThere = (text: string, path = 'all > one'): boolean =>
    hasPath(testsIn(text), path.split(' > '));
  const one = "test('one', () => {});";

  test.each([
    `describe('all', () => { ${one} });`,
    `describe('all', () => { describe('some', () => { ${one} }); });`,
    `describe.each([1])('all', () => { test.each([1])('one', () => {}); });`,
    `(has_disk ? describe : describe.skip)('all', () => { ${one} });`,
    `const testWithCurl = test; describe('all', () => { testWithCurl("one", () => {}); });`,
    `describe('all', () => { for (const a of b) test(\`one\`, async () => {}, 1_000); });`,
  ])('when its test runs: %s', (text) => {
    expect(isThere(text)).toBe(true);
  });

  test.each([
    `describe('all', () => { // ${one}\n });`,
    `describe('all', () => { /* ${one} */ });`,
    `/* describe('all', () => { */ ${one} /* }); */`,
    `describe.skip('all', () => { ${one} });`,
    `describe('all', () => { describe.skip('some', () => { ${one} }); });`,
    `describe.skip.each([1])('all', () => { ${one} });`,
    `describe('all', () => { test.skip('one', () => {}); });`,
    `describe('all', () => { test.skip.each([1])('one', () => {}); });`,
    `describe('all', () => { test.failing('one', () => {}); });`,
    `describe('all', () => { test.todo('one'); });`,
    `describe('all', () => { xtest('one', () => {}); });`,
    `describe('all', () => {}); ${one}`,
    `describe('all', () => { print("test('one', () => {});"); });`,
  ])('and not when it does not, or lies elsewhere: %s', (text) => {
    expect(isThere(text)).toBe(false);
  });
});
