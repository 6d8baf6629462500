/**
 * Says on the error output why tests of this file do not run. Not on the console: of a file in which
 * nothing has run, jest does not show that.
 */
export function saySkipped(why: string): void {
  process.stderr.write(`skipped: ${why}\n`);
}
