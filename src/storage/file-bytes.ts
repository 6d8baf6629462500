import { statSync } from 'node:fs';

/** How long a file is; 0 when it is not there. */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
