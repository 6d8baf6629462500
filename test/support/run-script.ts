import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

/** How a script that ran in a process of its own ended. */
export interface ScriptEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

/** Runs a module's text with node and waits for its end; throws when it wrote to stderr. */
export function runScript(text: string, environment: Record<string, string> = {}): ScriptEnd {
  const directory = temporaryDirectory('script');
  try {
    // A file, not `--eval`: its worker threads would inherit the options that go with that.
    const path = join(directory.path, 'script.mjs');
    writeFileSync(path, text);
    const ran = spawnSync(process.execPath, [path], {
      env: { ...process.env, ...environment },
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (ran.error !== undefined) throw ran.error;
    if (ran.stderr !== '') throw new Error(`the script failed: ${ran.stderr}`);
    return { status: ran.status, signal: ran.signal, stdout: ran.stdout };
  } finally {
    directory.remove();
  }
}

/** The address of a compiled module, quoted, to import in a script. */
export function compiledModule(path: string): string {
  return JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);
}
