import { existsSync, renameSync, writeFileSync } from 'node:fs';

/** Where distributions put libfaketime, the build for programs with several threads. */
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
  '/usr/local/lib/faketime/libfaketimeMT.so.1',
];

/** For `LD_PRELOAD`; null: libfaketime is not installed. */
export function findFakeTime(): string | null {
  return LIBRARIES.find((path) => existsSync(path)) ?? null;
}

/** The wall clock of a process and its children; their monotonic clock stays as it is. */
export class FakeWallClock {
  readonly #library: string;
  readonly #path: string;

  /** `path`: of a file that says how far the clock is off; it is made. */
  constructor(library: string, path: string) {
    this.#library = library;
    this.#path = path;
    this.jumpTo(0);
  }

  /** From now on it is off by so many seconds. */
  jumpTo(offset_s: number): void {
    // Never read half written.
    writeFileSync(`${this.#path}.new`, `${offset_s < 0 ? '' : '+'}${offset_s}\n`);
    renameSync(`${this.#path}.new`, this.#path);
  }

  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }
}
