import { expect, test } from '@jest/globals';
import { ApiDescription } from '../support/api-description.ts';
import { pick } from '../support/fuzz/chance.ts';
import { Fuzzer } from '../support/fuzz/fuzzer.ts';
import type { FuzzStep } from '../support/fuzz/fuzzer.ts';
import { call, good_password, register } from './api-client.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

/** So often each operation is asked, three of ten times as the description wants it. */
const ROUNDS = 8;

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

interface AuditPage {
  readonly logs: readonly { readonly action: string; readonly request_id: string }[];
  /** Not on the last page. */
  readonly next_cursor?: string;
}

/** The requests of which the audit says more than that they were refused, with what it says. */
async function doneByRequest(
  cluster: ProcessCluster,
  token: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const headers = { 'x-audit-token': audit_token };
  const done = new Map<string, string[]>();
  let cursor = '';
  for (;;) {
    const path = `/api/admin/audit/logs?limit=1000${cursor}`;
    const { status, body } = await call(cluster.origin(0), 'GET', path, { token, headers });
    expect([status, body]).toEqual([200, expect.objectContaining({ logs: expect.any(Array) })]);
    const { logs, next_cursor } = body as unknown as AuditPage;
    for (const { action, request_id } of logs) {
      if (is_said_of_refusals.has(action)) continue;
      done.set(request_id, [...(done.get(request_id) ?? []), action]);
    }
    if (next_cursor === undefined) return done;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

const is_said_of_refusals = new Set(['request.refused', 'user.log_in_failed']);

/** Asks all operations in turn; those steps that were refused. */
async function walk(cluster: ProcessCluster, leader: number): Promise<readonly FuzzStep[]> {
  const description = await ApiDescription.read(cluster.origin(0));
  const fuzzer = new Fuzzer({
    seed: Number(process.env['FUZZ_SEED'] ?? 20_261_121),
    description,
    password: good_password,
    may_wait: false,
    known: { 'X-Audit-Token': audit_token },
    register: (username) => register(cluster.origin(leader), username),
  });
  const [answered, succeeded] = [new Set<string>(), new Set<string>()];
  const refused: FuzzStep[] = [];
  let before: Sight | null = null;
  for (let count = 0; count < ROUNDS * description.operations.length; count += 1) {
    const token = await fuzzer.prepare();
    if (before?.token !== token) before = await look(cluster, token);
    // Mostly the leader, which does not send writes elsewhere.
    const at = pick(fuzzer.prng, [leader, leader, leader, ...cluster.positions]);
    const operation = description.operations[count % description.operations.length];
    const step = await fuzzer.step(cluster.ports[at] ?? 0, operation);
    if (step !== null) {
      fuzzer.check(step);
      const name = `${step.operation.method} ${step.operation.path}`;
      answered.add(name);
      if (step.answer.status < 300) succeeded.add(name);
    }
    if (step === null || step.answer.status < 300) {
      before = null;
      continue;
    }
    refused.push(step);
    const after = await look(cluster, token);
    if (after.content !== before.content) fuzzer.fail(step, 'it was refused, and changed a thing');
    before = after;
  }
  const all = description.operations.map(({ method, path }) => `${method} ${path}`);
  // Every route was asked, bad or good, and most with things that are somebody's.
  expect(all.filter((name) => !answered.has(name))).toEqual([]);
  expect(succeeded.size).toBeGreaterThan(all.length / 2);
  return refused;
}

test('whatever is sent to real replicas, on every route: no 5xx, and what is refused changes nothing', async () => {
  const cluster = await ProcessCluster.create({ size: 3 });
  try {
    cluster.startAll();
    const refused = await walk(cluster, await cluster.awaitLeader());
    expect(refused.length).toBeGreaterThan(100);
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map(({ digest }) => digest)).size).toBe(1);
    const reader = await register(cluster.origin(0), 'reader');
    const done = await doneByRequest(cluster, reader);
    expect(done.size).toBeGreaterThan(20);
    // Whatever else comes into the log, such as the audit's events: nothing of these requests.
    const left = refused.map(({ ordinal, sent, answer }) => ({
      ordinal,
      sent: sent.bytes.toString('latin1'),
      actions: done.get(answer.headers.get('x-request-id') ?? '') ?? [],
    }));
    expect(left.filter(({ actions }) => actions.length > 0)).toEqual([]);
    for (const position of cluster.positions) {
      expect(cluster.isRunning(position)).toBe(true);
      expect(cluster.log(position)).not.toContain('a request failed by an error of the server');
    }
  } finally {
    await cluster.dispose();
  }
}, 300_000);
