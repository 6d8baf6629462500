import { countOf } from './arguments.ts';
import { commands } from './commands.ts';
import { describeStatus } from './describe-node.ts';
import { parseScript, SEPARATOR } from './parse-script.ts';
import { ScriptError } from './script-error.ts';
import { UsageError } from './usage-error.ts';
import { ScenarioWorld } from './world.ts';

const CLUSTER_USAGE = 'cluster SIZE';
/** Before a command: what happens is left out of the trace. */
const QUIETLY = 'quietly';

/**
 * Plays a script and returns it with the traces that it makes now. {@link ScriptError} when a command is
 * wrong or a check finds something broken.
 */
export function playScript(file: string, text: string): string {
  const script = parseScript(file, text);
  const output: string[] = [];
  let world: ScenarioWorld | null = null;
  for (const { before, commands: lines } of script.blocks) {
    const trace: string[] = [];
    for (const place of lines) {
      try {
        const words = place.text.trim().split(/\s+/);
        if (world === null) {
          world = begin(words);
          trace.push(...world.nodes.map(describeStatus));
        } else {
          trace.push(...perform(world, words));
        }
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        throw new ScriptError(file, place, problem, { cause: error });
      }
    }
    if (trace.length === 0) trace.push('ok');
    output.push(...before.map((line) => line.text), SEPARATOR, ...trace, '');
  }
  return [...output, ...script.after].join('\n').trimEnd() + '\n';
}

function begin([name = '', size]: readonly string[]): ScenarioWorld {
  if (name !== 'cluster') throw new Error(`a script begins with "${CLUSTER_USAGE}"`);
  return new ScenarioWorld(countOf(size));
}

function perform(world: ScenarioWorld, words: readonly string[]): readonly string[] {
  const [name = '', ...rest] = words;
  if (name === QUIETLY) {
    perform(world, rest);
    return [];
  }
  const command = commands.get(name);
  if (command === undefined) {
    throw new Error(`no such command; there are ${[...commands.keys()].join(', ')}`);
  }
  try {
    command.run(world, rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} (written: ${command.usage})`, { cause: error });
  }
  return world.trace.take();
}
