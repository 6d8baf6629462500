import { describeLog, describeStatus, describeWrite } from './describe-node.ts';
import {
  changeOf,
  countOf,
  expectWords,
  linksOf,
  listAfter,
  nodeOf,
  nodesOf,
  nodesUp,
  nodeUp,
  wordOf,
} from './arguments.ts';
import { elect } from './elect.ts';
import { settle } from './settle.ts';
import { UsageError } from './usage-error.ts';
import { describeParcel } from './wire.ts';
import type { Parcel, Selection } from './wire.ts';
import type { ScenarioWorld } from './world.ts';

/** The commands of the language: how each is written and what it does. */

interface CommandForm {
  readonly usage: string;
  run(world: ScenarioWorld, words: readonly string[]): void;
}

export const commands: ReadonlyMap<string, CommandForm> = new Map(
  Object.entries<CommandForm>({
    tick: {
      usage: 'tick NODES COUNT',
      run(world, words) {
        expectWords(words, 2);
        const count = countOf(words[1]);
        for (const node of nodesUp(world, words[0])) world.tick(node, count);
      },
    },
    elect: {
      usage: 'elect NODE [with NODE …]',
      run: (world, words) => electNamed(world, words, false),
    },
    win: {
      usage: 'win NODE [with NODE …]',
      run: (world, words) => electNamed(world, words, true),
    },
    propose: {
      usage: 'propose NODE TEXT …',
      run(world, words) {
        const texts = words.slice(1);
        if (texts.length === 0) throw new UsageError('nothing to propose');
        world.propose(nodeUp(world, words[0]), texts);
      },
    },
    newcomer: {
      usage: 'newcomer',
      run(world, words) {
        expectWords(words, 0);
        world.addNode();
      },
    },
    change: {
      usage: 'change NODE add|remove|promote|demote NODE …',
      run(world, words) {
        world.change(nodeUp(world, words[0]), changeOf(world, words.slice(1)));
      },
    },
    transfer: {
      usage: 'transfer NODE NODE',
      run(world, words) {
        expectWords(words, 2);
        world.transfer(nodeUp(world, words[0]), nodeOf(world, words[1]));
      },
    },
    read: {
      usage: 'read NODE LABEL',
      run(world, words) {
        expectWords(words, 2);
        world.read(nodeUp(world, words[0]), wordOf(words[1], 'label'));
      },
    },
    persist: {
      usage: 'persist NODE [COUNT]',
      run(world, words) {
        expectWords(words, 2);
        const node = nodeUp(world, words[0]);
        const waiting = node.replica.writes.length;
        const count = words[1] === undefined ? waiting : countOf(words[1]);
        if (waiting === 0 || count > waiting) {
          throw new UsageError(`${waiting} writes wait for the disk of ${node.name}`);
        }
        world.persist(node, count);
      },
    },
    deliver: {
      usage: 'deliver LINK [KIND] [first|last]',
      run: (world, words) => choose(world, words, (selection) => world.deliver(selection)),
    },
    drop: {
      usage: 'drop LINK [KIND] [first|last]',
      run: (world, words) => choose(world, words, (selection) => world.lose(selection)),
    },
    duplicate: {
      usage: 'duplicate LINK [KIND] [first|last]',
      run: (world, words) => choose(world, words, (selection) => world.duplicate(selection)),
    },
    cut: {
      usage: 'cut LINK',
      run(world, words) {
        expectWords(words, 1);
        const links = linksOf(world, words[0]);
        world.calls.wire.cut(links);
        world.lose({ links, kind: null, pick: 'all' });
      },
    },
    heal: {
      usage: 'heal',
      run(world, words) {
        expectWords(words, 0);
        world.calls.wire.heal();
      },
    },
    crash: {
      usage: 'crash NODE',
      run(world, words) {
        expectWords(words, 1);
        const node = nodeUp(world, words[0]);
        for (const write of world.crash(node)) {
          world.trace.note(`${node.name} loses write ${write.write_id}: ${describeWrite(write)}`);
        }
      },
    },
    wipe: {
      usage: 'wipe NODE',
      run(world, words) {
        expectWords(words, 1);
        world.wipe(nodeOf(world, words[0]));
      },
    },
    restart: {
      usage: 'restart NODE',
      run(world, words) {
        expectWords(words, 1);
        const node = nodeOf(world, words[0]);
        if (node.replica.core !== null) throw new UsageError(`${node.name} is not down`);
        world.restart(node);
      },
    },
    settle: {
      usage: 'settle [NODE …]',
      run(world, words) {
        const named = words.map((word) => nodeUp(world, word));
        settle(world, named.length === 0 ? world.nodes : named);
      },
    },
    wire: {
      usage: 'wire',
      run(world, words) {
        expectWords(words, 0);
        for (const parcel of world.calls.wire.parcels) {
          world.trace.note(`${parcel.from}->${parcel.to} carries ${describeParcel(parcel)}`);
        }
      },
    },
    status: {
      usage: 'status [NODES]',
      run(world, words) {
        expectWords(words, 1);
        for (const node of nodesOf(world, words[0] ?? '*')) world.trace.note(describeStatus(node));
      },
    },
    log: {
      usage: 'log NODES',
      run(world, words) {
        expectWords(words, 1);
        for (const node of nodesOf(world, words[0])) world.trace.note(describeLog(node));
      },
    },
  }),
);

function electNamed(world: ScenarioWorld, words: readonly string[], stops_at_once: boolean): void {
  const node = nodeUp(world, words[0]);
  const helpers = words.length === 1 ? nodesUp(world, '*') : listAfter(world, words, 'with');
  elect(
    world,
    node,
    helpers.filter((one) => one !== node),
    { stops_at_once },
  );
}

/** Does it to the messages that the words choose: to none is a mistake of the script. */
function choose(
  world: ScenarioWorld,
  words: readonly string[],
  act: (selection: Selection) => readonly Parcel[],
): void {
  const links = linksOf(world, words[0]);
  const last = words.at(-1);
  const pick = last === 'first' || last === 'last' ? last : 'all';
  const kinds = words.slice(1, pick === 'all' ? words.length : -1);
  expectWords(kinds, 1);
  const parcels = act({ links, kind: kinds[0] ?? null, pick });
  if (parcels.length > 0) return;
  const others = world.calls.wire.parcels.map(
    (parcel) => `\n  ${parcel.from}->${parcel.to} ${describeParcel(parcel)}`,
  );
  throw new UsageError(`no such message is on its way; there are ${others.join('') || 'none'}`);
}
