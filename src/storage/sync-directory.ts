import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Brings the names in a directory to the disk: a file's fsync does not cover its name. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
