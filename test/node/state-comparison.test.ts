import { expect, test } from '@jest/globals';
import type { Member } from '../../src/consensus/raft/configuration.ts';
import { limits } from '../../src/limits.ts';
import { startStateComparison } from '../../src/node/state-comparison.ts';
import type { StateComparisonOptions } from '../../src/node/state-comparison.ts';
import { configurationOf, n1 } from '../support/raft-fixture.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const OWN = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

function full(): never {
  throw new Error('database or disk is full');
}

test('the odd one out stops, although its node.db can take neither mark nor event', async () => {
  const clock = new VirtualClock();
  const broken: Error[] = [];
  const logged: string[] = [];
  const configuration = configurationOf({ voters: [1, 2, 3] });
  const parts = {
    storage: {
      state_machine: { applied_index: 4, digestAt: () => OWN },
      node_database: { recordEvent: full, markStateWrong: full },
    },
    consensus: {
      self: n1,
      group: { configuration },
      book: { dialableAddress: ({ node_id }: Member) => `${node_id}:8080` },
      transport: {
        call: (_address: string, _method: string, _path: string, _body: unknown, _to: Member) => {
          const { feature_level } = configuration;
          return Promise.resolve({ body: { applied_index: 4, feature_level, digest: OTHER } });
        },
      },
    },
    clock: clock.forProcess().clock,
    metrics: { stateCompared: () => undefined },
    log: { error: (_fields: object, message: string) => void logged.push(message) },
    onBroken: (error: Error) => void broken.push(error),
  };
  startStateComparison(parts as unknown as StateComparisonOptions);
  await clock.advance(limits.state_compare_interval_ms);
  expect(broken.map((error) => error.name)).toEqual(['StateDivergedError']);
  expect(logged).toEqual(['node.db does not take the mark', 'node.db does not take the event']);
});
