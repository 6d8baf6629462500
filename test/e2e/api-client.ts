/** A client as anybody would write one: `fetch`, JSON, redirects followed. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export async function call(
  origin: string,
  method: string,
  path: string,
  options: {
    token?: string;
    body?: unknown;
    headers?: Record<string, string>;
    timeout_ms?: number;
  } = {},
): Promise<Answer> {
  const { token, body, headers = {}, timeout_ms = 10_000 } = options;
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeout_ms),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

export const good_password = 'an uncommon password for tests';

/** Registers, and again while the cluster says "later"; answers the token. */
export async function register(
  origin: string,
  username: string,
  deadline_ms = 60_000,
): Promise<string> {
  const gives_up_at = Date.now() + deadline_ms;
  for (;;) {
    const answer = await call(origin, 'POST', '/register', {
      body: {
        username,
        display_name: username,
        email: `${username}@example.org`,
        password: good_password,
      },
      headers: { 'idempotency-key': `register-${username}` },
    }).catch((error: unknown) => ({
      status: 0,
      body: { token: '', error: String(error) } as Record<string, unknown>,
    }));
    if (answer.status === 201) return answer.body['token'] as string;
    if (Date.now() > gives_up_at) throw new Error(`register: ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** An hour that begins `hour` hours into 2027: distinct hours never overlap. */
export function hourOf2027(hour: number): { start: string; end: string } {
  const start = Date.UTC(2027, 0, 1) + hour * 3_600_000;
  return {
    start: new Date(start).toISOString(),
    end: new Date(start + 3_600_000).toISOString(),
  };
}
