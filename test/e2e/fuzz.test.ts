import { expect, test } from '@jest/globals';
import { ApiDescription } from '../support/api-description.ts';
import { Fuzzer } from '../support/fuzz/fuzzer.ts';
import { call, good_password, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const STEPS = 250;

/** What a request could have changed. */
interface Sight {
  readonly token: string;
  readonly last_index: number;
  /** Where the log ends, and what it made. */
  readonly place: string;
  /** All that the person has. */
  readonly content: string;
}

async function look(cluster: ProcessCluster, token: string): Promise<Sight> {
  const range = 'start=2025-01-01T00:00:00Z&end=2029-12-31T00:00:00Z&include=cancelled';
  const [state, ...answers] = await Promise.all([
    cluster.raftState(0),
    call(cluster.origin(0), 'GET', '/api/me', { token }),
    call(cluster.origin(0), 'GET', `/api/agenda?${range}`, { token }),
  ]);
  const { last_index, applied_index, digest } = state;
  return {
    token,
    last_index,
    place: JSON.stringify([last_index, applied_index, digest]),
    // An ended session sees nothing, in other words each time.
    content: JSON.stringify(answers.map(({ status, body }) => (status === 200 ? body : status))),
  };
}

test('whatever is sent to a real replica: no 5xx, and what is refused changes nothing', async () => {
  const cluster = await ProcessCluster.create({ size: 1 });
  try {
    cluster.startAll();
    await cluster.awaitLeader();
    const fuzzer = new Fuzzer({
      seed: Number(process.env['FUZZ_SEED'] ?? 20_261_121),
      description: await ApiDescription.read(cluster.origin(0)),
      password: good_password,
      may_wait: false,
      register: (username) => register(cluster.origin(0), username),
    });
    let before: Sight | null = null;
    let refused = 0;
    for (let count = 0; count < STEPS; count += 1) {
      const token = await fuzzer.prepare();
      if (before?.token !== token) before = await look(cluster, token);
      const step = await fuzzer.step(cluster.ports[0] ?? 0);
      if (step !== null) fuzzer.check(step);
      if (step === null || step.answer.status < 400) {
        before = null;
        continue;
      }
      refused += 1;
      const after = await look(cluster, token);
      if (step.answer.headers.has('agenda-index')) {
        // Judged in log order: the refusal is an entry of its own, that writes nothing.
        if (after.last_index !== before.last_index + 1) fuzzer.fail(step, 'the log grew by more');
      } else if (after.place !== before.place) {
        fuzzer.fail(step, 'it was refused before the log, and the log grew');
      }
      if (after.content !== before.content)
        fuzzer.fail(step, 'it was refused, and changed a thing');
      before = after;
    }
    expect(refused).toBeGreaterThan(STEPS / 10);
    expect(cluster.isRunning(0)).toBe(true);
    expect(cluster.log(0)).not.toContain('a request failed by an error of the server');
  } finally {
    await cluster.dispose();
  }
}, 120_000);
