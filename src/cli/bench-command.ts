import { runHistoryBench } from './bench/history.ts';
import { runLiveBench } from './bench/live.ts';
import { runPeopleBench } from './bench/people.ts';
import { runWriteBench } from './bench/writes.ts';

/** Each takes the words that are left. */
const benches = new Map<string, (words: readonly string[]) => Promise<number>>([
  ['--history', runHistoryBench],
  ['--live', runLiveBench],
  ['--people', runPeopleBench],
]);

/** Measures writes, or what the words name; the exit code. */
export function runBenchCommand(words: readonly string[]): Promise<number> {
  for (const [word, run] of benches) {
    if (words.includes(word)) return run(words.filter((one) => one !== word));
  }
  return runWriteBench(words);
}
