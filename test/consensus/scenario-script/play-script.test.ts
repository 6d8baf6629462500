import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { commands } from './commands.ts';
import { parseScript } from './parse-script.ts';
import { playScript } from './play-script.ts';

/** The language of the scenario scripts: what it says of a script that is wrong, and how it rewrites. */

function play(...lines: readonly string[]): string {
  return playScript('story.txt', lines.join('\n'));
}

const formed = ['cluster 3', '----', ''];

describe('the language of the scenario scripts', () => {
  test('writes what happens, keeps comments, and changes nothing the second time', () => {
    const played = play(
      '# A story.',
      '',
      'cluster 1',
      '----',
      'wrong',
      '',
      '# It stands.',
      'tick n1 11',
      '----',
      'also wrong',
      '',
      '# The end.',
    );
    expect(played.split('\n')).toEqual([
      '# A story.',
      '',
      'cluster 1',
      '----',
      'n1 follows nobody in term 1, no vote; applied 0, committed 0, on disk 1, last 1',
      '',
      '# It stands.',
      'tick n1 11',
      '----',
      'n1 ticks',
      '  write 1: term 2, vote for n1',
      '  is candidate in term 2',
      '',
      '# The end.',
      '',
    ]);
    expect(playScript('story.txt', played)).toBe(played);
  });

  test.each([
    [
      'no cluster',
      ['tick n1 1', '----'],
      'story.txt:1: "tick n1 1": a script begins with "cluster SIZE"',
    ],
    ['no trace', ['cluster 3', '----', '', 'heal'], 'story.txt:4: "heal": "----" is missing'],
    ['no command', ['# Nothing.', '----'], 'story.txt:2: "----": no command stands before it'],
    ['a size that is none', ['cluster three', '----'], '"three" is no count from 1'],
  ])('says where a script is wrong: %s', (_, lines, message) => {
    expect(() => play(...lines)).toThrow(message);
  });

  test.each([
    ['elekt n1', 'no such command; there are tick, elect, '],
    ['cluster 3', 'no such command'],
    ['tick n9 1', 'there is no node "n9", but n1, n2, n3 (written: tick NODES COUNT)'],
    ['tick n1', 'the count is missing'],
    ['tick n1 -1', '"-1" is no count'],
    ['heal n1', '"n1" is too much (written: heal)'],
    ['elect n1 without n2', '"without" is not "with"'],
    ['elect n1 with', 'nobody stands after "with"'],
    ['propose n1', 'nothing to propose'],
    ['persist n1', '0 writes wait for the disk of n1'],
    ['deliver n1>n2', '"n1>n2" is no link such as n1->n2'],
    ['deliver n1->n4', 'there is no node "n4"'],
    ['deliver n1->n2', 'no such message is on its way; there are none'],
    ['change n1 move n2', '"move" is none of add, remove, promote, demote'],
    ['change n1 remove', 'the node is missing'],
    ['restart n1', 'n1 is not down'],
    ['elect n1 with n1', 'n1 is not elected'],
  ])('says what is wrong with "%s"', (command, message) => {
    const place = `story.txt:4: "${command}": `;
    const playIt = (): string => play(...formed, command, '----');
    expect(playIt).toThrow(place);
    expect(playIt).toThrow(message);
  });

  test('says what is on its way instead', () => {
    const lines = [...formed, 'quietly elect n1', 'tick n1 2', 'deliver n1->n2 append', '----'];
    expect(() => play(...lines)).toThrow(
      /:6: .*no such message is on its way; there are\s+n1->n2 heartbeat 2/,
    );
  });

  test('commands of a node that is down are refused', () => {
    expect(() => play(...formed, 'crash n1', 'tick n1 1', '----')).toThrow('n1 is down');
  });

  test('has no command that no scenario uses', () => {
    const directory = new URL('../scenarios/', import.meta.url);
    const used = new Set<string>();
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.txt'))) {
      const { blocks } = parseScript(file, readFileSync(new URL(file, directory), 'utf8'));
      for (const { text } of blocks.flatMap((block) => block.commands)) {
        used.add(text.replace('quietly ', '').split(' ')[0] ?? '');
      }
    }
    expect([...commands.keys()].filter((name) => !used.has(name))).toEqual([]);
  });
});
