import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./disk-shim.c', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/disk-shim/', import.meta.url));

let compiled: string | null | undefined;

/**
 * The compiled `disk-shim.c`, for `LD_PRELOAD`; null, and a line that says so, where it cannot be had:
 * no C compiler, or no Linux.
 */
export function compileDiskShim(): string | null {
  compiled ??= compile();
  return compiled;
}

function compile(): string | null {
  if (process.platform !== 'linux') {
    console.log('skipped: the disk shim needs Linux');
    return null;
  }
  const version = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const library = `${cache}${version}.so`;
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true });
  const partial = `${library}.${process.pid}`;
  try {
    const flags = ['-shared', '-fPIC', '-O2', '-o', partial, source, '-ldl', '-lpthread'];
    execFileSync('cc', flags, { stdio: 'pipe' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      console.log('skipped: the disk shim needs a C compiler (cc)');
      return null;
    }
    throw error;
  }
  renameSync(partial, library);
  return library;
}

export interface DiskShimPaths {
  /** Watched; must exist. */
  readonly root: string;
  /** Gets what a power cut would leave of `root`. */
  readonly shadow: string;
  /** Gets a line, the path relative to `root`, for every sync of a file. */
  readonly log: string;
  /** Says, in a letter, how the disk behaves: see `disk-shim.c`. */
  readonly control?: string;
}

/** What to add to the environment of a process (and its children) to put it on the shim. */
export function diskShimEnvironment(paths: DiskShimPaths): Record<string, string> {
  const library = compileDiskShim();
  if (library === null) throw new Error('there is no disk shim here: ask compileDiskShim first');
  return {
    LD_PRELOAD: library,
    DISK_SHIM_ROOT: realpathSync(paths.root),
    DISK_SHIM_SHADOW: paths.shadow,
    DISK_SHIM_LOG: paths.log,
    ...(paths.control === undefined ? {} : { DISK_SHIM_CONTROL: paths.control }),
  };
}
