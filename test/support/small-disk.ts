import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A small file system in memory, to run out of space on. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no space at all. */
  fill(): void;
  /** Leaves the space again. */
  clear(): void;
  unmount(): void;
}

const BLOCK_BYTES = 4096;

/** Whether one can be mounted here; a line says so when not. */
export function canMountSmallDisks(): boolean {
  const can = process.platform === 'linux' && process.getuid?.() === 0 && mounts();
  if (!can) console.log('skipped: a small disk needs root, and Linux that lets it mount a tmpfs');
  return can;
}

function mounts(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'pipe',
    });
    return true;
  } catch {
    return false;
  }
}

export function mountSmallDisk(path: string, mebibytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      const file = openSync(ballast, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(BLOCK_BYTES));
      } catch (error) {
        // Of another realm than the test's, so not by its class.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(ballast),
    unmount: () => void execFileSync('umount', ['-l', path]),
  };
}
