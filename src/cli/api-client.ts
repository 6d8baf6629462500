import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Calls the API of any replica; redirects to the leader are followed by `fetch`. */
export async function callApi(
  origin: string,
  method: string,
  path: string,
  options: { token?: string; body?: object; key?: string; timeout_ms?: number } = {},
): Promise<ApiAnswer> {
  const { token, body, key, timeout_ms = 6_000 } = options;
  const response = await fetch(new URL(path, origin), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeout_ms),
  });
  const text = await response.text();
  return { status: response.status, body: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Calls again, on the next origin, while nobody answers or the answer says "later" (503). */
export async function callUntilAnswered(
  origins: readonly string[],
  attempts: number,
  call: (origin: string) => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  let last_problem = 'nobody was asked';
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const origin = origins[attempt % origins.length];
    if (origin === undefined) break;
    try {
      const answer = await call(origin);
      if (answer.status !== 503 && answer.status !== 504) return answer;
      last_problem = `${origin} answers ${answer.status}`;
    } catch (error) {
      last_problem = `${origin}: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(200);
  }
  throw new Error(`no answer after ${attempts} attempts; the last: ${last_problem}`);
}
