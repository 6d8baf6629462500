import type { Member } from '../../../src/consensus/raft/configuration.ts';
import type { MembershipChange } from '../../../src/consensus/raft/membership.ts';
import { NO_CHANGE } from '../../../src/consensus/raft/membership.ts';
import { UsageError } from './usage-error.ts';
import type { ScenarioNode } from './node.ts';
import type { Link } from './wire.ts';
import type { ScenarioWorld } from './world.ts';

/** What the words of a command mean. */

const COUNT_MAX = 1_000;

export function expectWords(words: readonly string[], count: number): void {
  if (words.length > count) throw new UsageError(`"${words.slice(count).join(' ')}" is too much`);
}

export function wordOf(word: string | undefined, what: string): string {
  if (word === undefined) throw new UsageError(`the ${what} is missing`);
  return word;
}

export function countOf(word: string | undefined): number {
  const count = Number(wordOf(word, 'count'));
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX) {
    throw new UsageError(`"${word}" is no count from 1 to ${COUNT_MAX}`);
  }
  return count;
}

export function nodeOf(world: ScenarioWorld, word: string | undefined): ScenarioNode {
  const name = wordOf(word, 'node');
  const node = world.nodes.find((one) => one.name === name);
  if (node === undefined) {
    const names = world.nodes.map((one) => one.name).join(', ');
    throw new UsageError(`there is no node "${name}", but ${names}`);
  }
  return node;
}

export function nodeUp(world: ScenarioWorld, word: string | undefined): ScenarioNode {
  const node = nodeOf(world, word);
  if (node.replica.core === null) throw new UsageError(`${node.name} is down`);
  return node;
}

/** `*` is all. */
export function nodesOf(world: ScenarioWorld, word: string | undefined): readonly ScenarioNode[] {
  return word === '*' ? world.nodes : [nodeOf(world, word)];
}

export function nodesUp(world: ScenarioWorld, word: string | undefined): readonly ScenarioNode[] {
  if (word !== '*') return [nodeUp(world, word)];
  return world.nodes.filter((node) => node.replica.core !== null);
}

/** The nodes named after the first word and this one. */
export function listAfter(
  world: ScenarioWorld,
  words: readonly string[],
  keyword: string,
): readonly ScenarioNode[] {
  const [, found, ...names] = words;
  if (found !== keyword) throw new UsageError(`"${found}" is not "${keyword}"`);
  if (names.length === 0) throw new UsageError(`nobody stands after "${keyword}"`);
  return names.map((name) => nodeUp(world, name));
}

/** `n1->n2`, or `n1<->n2` for both ways; `*` is any. */
export function linksOf(world: ScenarioWorld, word: string | undefined): readonly Link[] {
  const text = wordOf(word, 'link');
  const [, from, arrow, to] = /^([^<>-]+)(<->|->)([^<>-]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) {
    throw new UsageError(`"${text}" is no link such as n1->n2, n1<->n2 or n1->*`);
  }
  for (const end of [from, to]) nodesOf(world, end);
  const there = { from, to };
  return arrow === '->' ? [there] : [there, { from: to, to: from }];
}

/** Pairs of what to do and with whom. */
export function changeOf(world: ScenarioWorld, words: readonly string[]): MembershipChange {
  const named = { add: [], remove: [], promote: [], demote: [] } as Record<string, Member[]>;
  for (let position = 0; position < words.length; position += 2) {
    const what = wordOf(words[position], 'change');
    const members = named[what];
    if (members === undefined) {
      throw new UsageError(`"${what}" is none of ${Object.keys(named).join(', ')}`);
    }
    members.push(nodeOf(world, words[position + 1]).replica.member);
  }
  const { add = [], remove = [], promote = [], demote = [] } = named;
  return { ...NO_CHANGE, add_learners: add, remove, promote, demote };
}
