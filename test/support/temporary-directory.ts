import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** With everything in it; again does nothing. */
  readonly remove: () => void;
}

/** A new, empty directory; `name` is part of its name. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `agenda-${name}-`)));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
