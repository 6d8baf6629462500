/** What happens, a line each: causes, and below them what follows from them. */
export class Trace {
  #lines: string[] = [];
  #cause: string | null = null;

  /** Something happens to a replica; not shown unless it `always` is or something follows from it. */
  cause(text: string, options: { readonly always: boolean }): void {
    this.#cause = text;
    if (options.always) this.#showCause();
  }

  effect(text: string): void {
    this.#showCause();
    this.#lines.push(`  ${text}`);
  }

  note(text: string): void {
    this.#cause = null;
    this.#lines.push(text);
  }

  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#cause = null;
    return lines;
  }

  #showCause(): void {
    if (this.#cause !== null) this.#lines.push(this.#cause);
    this.#cause = null;
  }
}
