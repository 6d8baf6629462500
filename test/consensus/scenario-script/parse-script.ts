import { ScriptError } from './script-error.ts';

/** A line of a script and its number in the file, from 1. */
interface Line {
  readonly line: number;
  readonly text: string;
}

/** Commands, `----`, and what happened. */
interface Block {
  /** All that stands before `----`, comments and blank lines too. */
  readonly before: readonly Line[];
  readonly commands: readonly Line[];
}

export interface Script {
  readonly blocks: readonly Block[];
  /** Comments after the last block. */
  readonly after: readonly string[];
}

export const SEPARATOR = '----';

/** Reads what there is to be done; the traces that stand in the file are left out. */
export function parseScript(file: string, text: string): Script {
  const blocks: Block[] = [];
  let before: Line[] = [];
  let is_trace = false;
  for (const [position, content] of text.trimEnd().split('\n').entries()) {
    const line = { line: position + 1, text: content };
    if (is_trace) {
      is_trace = content !== '';
    } else if (content === SEPARATOR) {
      const commands = commandsIn(before);
      if (commands.length === 0) throw new ScriptError(file, line, 'no command stands before it');
      blocks.push({ before, commands });
      before = [];
      is_trace = true;
    } else {
      before.push(line);
    }
  }
  const [unfinished] = commandsIn(before);
  if (unfinished !== undefined) {
    throw new ScriptError(file, unfinished, `"${SEPARATOR}" is missing after the last command`);
  }
  return { blocks, after: before.map((line) => line.text) };
}

function commandsIn(lines: readonly Line[]): readonly Line[] {
  return lines.filter(({ text }) => text.trim() !== '' && !text.startsWith('#'));
}
