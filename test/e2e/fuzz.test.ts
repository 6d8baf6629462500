import { randomInt } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { ApiDescription } from '../support/api-description.ts';
import { Fuzzer } from '../support/fuzz/fuzzer.ts';
import { call, good_password, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';
import type { RaftStateAnswer } from './process-cluster.ts';

const STEPS = 500;

/** Where the log ends and what it made. */
function placeOf({ last_index, applied_index, digest }: RaftStateAnswer): object {
  return { last_index, applied_index, digest };
}

/** All that a person has. */
async function contentOf(origin: string, token: string): Promise<string> {
  const range = 'start=2025-01-01T00:00:00Z&end=2029-12-31T00:00:00Z&include=cancelled';
  const [self, agenda] = await Promise.all([
    call(origin, 'GET', '/api/me', { token }),
    call(origin, 'GET', `/api/agenda?${range}`, { token }),
  ]);
  return JSON.stringify([self.status, self.body, agenda.status, agenda.body]);
}

test('whatever is sent to a real replica: no 5xx, and what is refused changes nothing', async () => {
  const cluster = await ProcessCluster.create({ size: 1 });
  try {
    cluster.startAll();
    await cluster.awaitLeader();
    const origin = cluster.origin(0);
    const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 32));
    const description = await ApiDescription.read(origin);
    const fuzzer = new Fuzzer({
      seed,
      description,
      password: good_password,
      may_wait: false,
      register: (username) => register(origin, username),
    });
    let refused = 0;
    for (let count = 0; count < STEPS; count += 1) {
      const token = await fuzzer.prepare();
      const before = await cluster.raftState(0);
      const content = await contentOf(origin, token);
      const step = await fuzzer.step(cluster.ports[0] ?? 0);
      if (step === null) continue;
      fuzzer.check(step);
      if (step.answer.status < 400) continue;
      refused += 1;
      const after = await cluster.raftState(0);
      if (step.answer.headers.has('agenda-index')) {
        // Judged in log order: the refusal is an entry of its own that wrote nothing.
        expect(after.last_index).toBe(before.last_index + 1);
      } else if (JSON.stringify(placeOf(after)) !== JSON.stringify(placeOf(before))) {
        fuzzer.fail(step, 'it was refused before the log, and the log grew');
      }
      if ((await contentOf(origin, token)) !== content) {
        fuzzer.fail(step, 'it was refused, and changed something');
      }
    }
    expect(refused).toBeGreaterThan(STEPS / 10);
    expect(cluster.isRunning(0)).toBe(true);
    expect(cluster.log(0)).not.toContain('a request failed by an error of the server');
  } finally {
    await cluster.dispose();
  }
}, 120_000);
