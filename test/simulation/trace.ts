import { createHash } from 'node:crypto';

/** Lines kept to be shown when something goes wrong. */
const RECENT_LINES = 60;

/** What happened, line by line. Two runs of one seed give the same lines, hence the same digest. */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #sink: ((line: string) => void) | null;
  readonly #recent: string[] = [];

  constructor(sink: ((line: string) => void) | null) {
    this.#sink = sink;
  }

  add(at_ms: number, what: string): void {
    const line = `${at_ms} ${what}\n`;
    this.#hash.update(line);
    this.#sink?.(line);
    this.#recent.push(line);
    if (this.#recent.length > 2 * RECENT_LINES) this.#recent.splice(0, RECENT_LINES);
  }

  recent(): string {
    return this.#recent.slice(-RECENT_LINES).join('');
  }

  /** Hexadecimal; the trace takes no more lines. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
