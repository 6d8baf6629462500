import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

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

/** Where the titles begin that a text gives to its tests and their groups, in order; none that is skipped. */
function titlesIn(text: string): ReadonlyMap<string, readonly number[]> {
  const titles = new Map<string, number[]>();
  const call =
    /(\bdescribe|\btest\w*|(?<!skip)\.each\b[^]*?\))\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"([^"\n]*)"|`([^`]*)`),/g;
  for (const { index, 2: single, 3: double, 4: template } of text.matchAll(call)) {
    const title = (single ?? double ?? template ?? '').replaceAll("\\'", "'");
    titles.set(title, [...(titles.get(title) ?? []), index]);
  }
  return titles;
}

/** What is wrong with a row; null: its test is there. */
function complaintAbout({ file, titles }: Line): string | null {
  const path = new URL(file, tests);
  if (!file.endsWith('.test.ts') || !existsSync(path)) return `there is no file ${file}`;
  if (file === OWN_FILE) return 'a row does not prove itself';
  const there = titlesIn(readFileSync(path, 'utf8'));
  let after = -1;
  for (const title of titles) {
    const found = there.get(title)?.find((index) => index > after);
    if (found === undefined) return `no test in ${file} has the title: ${title}`;
    after = found;
  }
  return null;
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
