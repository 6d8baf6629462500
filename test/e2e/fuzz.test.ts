import { expect, test } from '@jest/globals';
import { ApiDescription } from '../support/api-description.ts';
import { Fuzzer } from '../support/fuzz/fuzzer.ts';
import { call, good_password, register } from './api-client.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

const STEPS = 250;

/** What a request could have changed. */
interface Sight {
  readonly token: string;
  /** All that the person has. */
  readonly content: string;
}

const reads = [
  '/api/me',
  '/api/agenda?start=2025-01-01T00:00:00Z&end=2029-12-31T00:00:00Z&include=cancelled,declined',
  '/api/groups',
  '/api/notifications',
  '/api/posts',
];

async function look(cluster: ProcessCluster, token: string): Promise<Sight> {
  const answers = await Promise.all(
    reads.map((path) => call(cluster.origin(0), 'GET', path, { token })),
  );
  // An ended session sees nothing, in other words each time.
  const content = answers.map(({ status, body }) => (status === 200 ? body : status));
  return { token, content: JSON.stringify(content) };
}

/** What the audit says of a request, but that it was refused. */
async function doneBy(cluster: ProcessCluster, token: string, request_id: string) {
  const headers = { 'x-audit-token': audit_token };
  const path = `/api/admin/audit/logs?scope=local&request_id=${request_id}`;
  const { body } = await call(cluster.origin(0), 'GET', path, { token, headers });
  const logs = body['logs'] as { action: string }[];
  return logs.map(({ action }) => action).filter((action) => !is_said_of_refusals.has(action));
}

const is_said_of_refusals = new Set(['request.refused', 'user.log_in_failed']);

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
    const reader = await register(cluster.origin(0), 'reader');
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
      // Whatever else comes into the log meanwhile, such as the audit's events: nothing of this request.
      const done = await doneBy(cluster, reader, step.answer.headers.get('x-request-id') ?? '');
      if (done.length > 0) fuzzer.fail(step, `it was refused, and left ${done.join()}`);
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
