import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { ProblemCode } from '../../src/http/problem.ts';
import type { ProposeResult } from '../../src/replica/replica.ts';
import { ApiDescription } from '../support/api-description.ts';
import { chance, pick } from '../support/fuzz/chance.ts';
import { Fuzzer } from '../support/fuzz/fuzzer.ts';
import { FakeApis, good_password } from './api-fixture.ts';
import type { FakeNode } from './api-fixture.ts';

const STEPS = 2_500;

/** What a replica cannot do for once, and what it then may say. */
interface Trouble {
  readonly codes: readonly ProblemCode[];
  begin(node: FakeNode): void;
  end(node: FakeNode): void;
}

const untroubled: Trouble = { codes: [], begin: () => {}, end: () => {} };

function proposalGives(result: ProposeResult, code: ProblemCode): Trouble {
  return {
    codes: [code],
    begin: ({ replica }) => (replica.next_result = result),
    end: ({ replica }) => (replica.next_result = null),
  };
}

const troubles: readonly Trouble[] = [
  {
    codes: ['no_quorum'],
    begin: ({ replica }) => (replica.has_quorum = false),
    end: ({ replica }) => (replica.has_quorum = true),
  },
  {
    codes: ['no_leader'],
    begin: ({ replica }) => (replica.state.leader_id = null),
    end: ({ replica }) => (replica.state.leader_id = 'agenda-1'),
  },
  proposalGives({ kind: 'not_proposed', reason: 'overloaded' }, 'overloaded'),
  proposalGives({ kind: 'not_proposed', reason: 'not_leader' }, 'no_leader'),
  proposalGives({ kind: 'unknown' }, 'outcome_unknown'),
];

/** Everything that a request could have changed. */
function contentOf({ state }: FakeApis): string {
  return JSON.stringify([state.tables(), [...state.remembered]]);
}

test('whatever is sent: no fault of the server, only described refusals, and they change nothing', async () => {
  const apis = await FakeApis.start(2);
  try {
    const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
    const description = await ApiDescription.read(apis.node(0).origin);
    const register = (username: string) => apis.register(username);
    const password = good_password;
    const fuzzer = new Fuzzer({ seed, description, password, may_wait: true, register });
    const ports = apis.nodes.map(({ server }) => (server.address() as AddressInfo).port);
    const statuses = new Map<number, number>();
    const [asked, succeeded] = [new Set<string>(), new Set<string>()];
    for (let count = 0; count < STEPS; count += 1) {
      await fuzzer.prepare();
      const at = pick(fuzzer.prng, [0, 1] as const);
      const trouble = chance(fuzzer.prng, 6) ? pick(fuzzer.prng, troubles) : untroubled;
      const before = contentOf(apis);
      trouble.begin(apis.node(0));
      const step = await fuzzer.step(ports[at] ?? 0);
      trouble.end(apis.node(0));
      if (step === null) continue;
      fuzzer.check(step, trouble.codes);
      const { status } = step.answer;
      const operation = `${step.operation.method} ${step.operation.path}`;
      asked.add(operation);
      if (status < 300) succeeded.add(operation);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 300 && contentOf(apis) !== before) {
        fuzzer.fail(step, 'it was refused, and changed something');
      }
    }
    // The seed says nothing about these: so many steps meet all of them.
    for (const status of [200, 201, 307, 400, 401, 404, 503]) {
      expect([status, statuses.has(status)]).toEqual([status, true]);
    }
    expect(statuses.has(500)).toBe(false);
    // Bad or good, every route was asked.
    const all = description.operations.map(({ method, path }) => `${method} ${path}`);
    expect(all.filter((operation) => !asked.has(operation))).toEqual([]);
    // And many with ids that are somebody's: groups, posts and notifications among them.
    expect(
      [...succeeded].filter((operation) => operation.includes('/api/groups/')).length,
    ).toBeGreaterThan(3);
  } finally {
    await apis.stop();
  }
}, 300_000);
