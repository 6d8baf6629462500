import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { playScript } from './scenario-script/play-script.ts';

/**
 * Stories of `scenarios/`, played against the core: each file is what is done and all that happens then.
 * `REWRITE=1` writes what happens now into them: look at every line that changes.
 */

const is_rewriting = process.env['REWRITE'] === '1';
const directory = new URL('scenarios/', import.meta.url);
const files = readdirSync(directory).filter((file) => file !== 'README.md');

describe('scenario scripts', () => {
  test.each(files.map((file) => [titleOf(file), file]))('%s', (_, file) => {
    const path = new URL(file, directory);
    const script = readFileSync(path, 'utf8');
    const played = playScript(file, script);
    if (is_rewriting) writeFileSync(path, played);
    else expect(played).toBe(script);
  });
});

/** `08-aba.txt` is "scenario 8: aba". */
function titleOf(file: string): string {
  const [, number, name] = /^(\d\d)-([a-z0-9-]+)\.txt$/.exec(file) ?? [];
  if (number === undefined || name === undefined) throw new Error(`not a scenario: ${file}`);
  return `scenario ${Number(number)}: ${name.replaceAll('-', ' ')}`;
}
