import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../src/base/prng.ts';
import type { Attempt, Outcome } from '../support/insistence.ts';
import { call } from './api-client.ts';
import type { Answer } from './api-client.ts';
import type { ProcessCluster } from './process-cluster.ts';

/** Longer than a replica takes for any answer; and what some clients do not wait for. */
const PATIENT_MS = 8_000;
const IMPATIENT_MS = 2_000;

/** What all clients of the load share. */
export interface ChaosLoad {
  readonly cluster: ProcessCluster;
  readonly token: string;
  readonly isOver: () => boolean;
  /** Answers that no state of anything could explain. */
  readonly surprises: string[];
  /** How many of the other kind there were. */
  answers: number;
}

/** One of them, with its own choices and its own names. */
export interface ChaosClient {
  readonly load: ChaosLoad;
  readonly prng: Prng;
  /** A text that was never used before. */
  readonly newName: () => string;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly if_match?: number | null;
  /** Null: it is sent once, whatever comes of it. With a key it is repeated until that is known. */
  readonly key?: string | null;
}

/** What an answer says; null: it cannot be an answer to this. */
export type ReadAnswer<Output> = (
  answer: Answer,
) => Extract<Outcome<Output>, { kind: 'done' | 'refused' }> | null;

/** Sends it to one replica after the other, some of it asking for 307s, some to be forwarded. */
export async function sendAndInsist<Output>(
  { load, prng }: ChaosClient,
  request: Request,
  readAnswer: ReadAnswer<Output>,
): Promise<Attempt<Output>[]> {
  const attempts: Attempt<Output>[] = [];
  const first = prng.below(load.cluster.size);
  const timeout_ms = prng.below(2) === 0 ? PATIENT_MS : IMPATIENT_MS;
  const is_forwarded = request.method !== 'GET' && prng.below(4) === 0;
  for (;;) {
    const position = (first + attempts.length) % load.cluster.size;
    const called_at = performance.now();
    const outcome = await sendOnce(
      load,
      position,
      { ...request, is_forwarded, timeout_ms },
      readAnswer,
    );
    attempts.push({ outcome, called_at, answered_at: performance.now() });
    if (outcome.kind === 'done' || outcome.kind === 'refused') return attempts;
    if ((request.key ?? null) === null || load.isOver()) return attempts;
    await sleep(20);
  }
}

async function sendOnce<Output>(
  load: ChaosLoad,
  position: number,
  request: Request & { readonly is_forwarded: boolean; readonly timeout_ms: number },
  readAnswer: ReadAnswer<Output>,
): Promise<Outcome<Output>> {
  const { method, path, body, key = null, if_match = null, is_forwarded, timeout_ms } = request;
  const { cluster, token, surprises } = load;
  let answer: Answer;
  try {
    answer = await call(cluster.origin(position), method, path, {
      token,
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(key === null ? {} : { 'idempotency-key': key }),
        ...(if_match === null ? {} : { 'if-match': `"${if_match}"` }),
        ...(is_forwarded ? { 'agenda-routing': 'forward' } : {}),
      },
      timeout_ms,
    });
  } catch (error) {
    return { kind: wasNeverConnected(error) ? 'not_done' : 'unknown' };
  }
  if (answer.status === 503) return { kind: 'not_done' };
  if (answer.status === 504) return { kind: 'unknown' };
  const outcome = readAnswer(answer);
  if (outcome !== null) {
    load.answers += 1;
    return outcome;
  }
  const answered = `${answer.status} ${JSON.stringify(answer.body)}`;
  surprises.push(`${method} ${path} ${JSON.stringify(body)}: ${answered}`);
  return { kind: 'unknown' };
}

/** Of a request that was redirected it is the second connection: a 307 did nothing either. */
function wasNeverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
