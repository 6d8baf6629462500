import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again until the answer is not null. The bound is generous: it is for what has failed, not for
 * what is slow.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | null> | T | null,
  bound_ms = 60_000,
): Promise<T> {
  const gives_up_at = Date.now() + bound_ms;
  let last_error: unknown = null;
  while (Date.now() < gives_up_at) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      last_error = error;
    }
    await sleep(50);
  }
  const cause = last_error instanceof Error ? `: ${last_error.message}` : '';
  throw new Error(`never came: ${what}${cause}`);
}
