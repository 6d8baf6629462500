import { describe, expect, test } from '@jest/globals';
import type { EntryOffer, EntryQuestion } from '../../src/consensus/entry-offer.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import type { Envelope } from '../../src/consensus/rpc/envelope.ts';
import type { AddressEntry } from '../../src/discovery/address-entry.ts';
import { createEntrySource, entriesRoute } from '../../src/node/entry-exchange.ts';
import { commandEntries, enterTerm, logBase } from '../support/log-fixtures.ts';
import { member } from '../support/raft-fixture.ts';
import { SimulatedLogStore } from '../support/simulated-log-store.ts';

const question: EntryQuestion = { index: 5, before_index: 4, after_index: 6 };
const peer = { node_id: 'n2', storage_id: 'a', address: 'n2:8080' } as AddressEntry;

/** What comes of the question when it is answered with `base`, after `onTheWay` has had the answer. */
async function ask(
  base: LogBase | null,
  onTheWay: (body: Record<string, unknown>) => void = () => undefined,
): Promise<readonly EntryOffer[]> {
  const store = new SimulatedLogStore();
  await store.write([enterTerm(1, { entries: commandEntries(1, 8, 1), commit_index: 8 })]);
  const standing = { committed_through: 8, base };
  const route = entriesRoute({ group_id: 'main', store, standing: () => standing });
  const source = createEntrySource({
    group_id: 'main',
    is_alone: false,
    book: { entries: [peer], dialable: () => [peer] },
    transport: {
      async call(_address, _method, _target, body) {
        const request = { envelope: {} as Envelope, body: JSON.parse(JSON.stringify(body)) };
        const answer = await route.handle(request);
        const sent = JSON.parse(JSON.stringify(answer.body)) as Record<string, unknown>;
        onTheWay(sent);
        return { status: answer.status, body: sent, responder: member(2), boot_id: 'boot' };
      },
    },
  });
  return source.ask(question);
}

describe('entries that replicas ask each other for', () => {
  const base = logBase(7, 1, [member(1), member(2)], 3);

  test.each([[base], [null]])('come with where the log was cut', async (cut) => {
    const [entry] = commandEntries(5, 5, 1);
    expect(await ask(cut)).toEqual([
      { committed_through: 8, entry, before_term: 1, after_term: 1, base: cut },
    ]);
  });

  test.each([
    ['beyond what is committed there', { index: 9 }],
    ['under a configuration of later', { configuration_index: 8 }],
    ['without a configuration', { configuration: Buffer.from('{}').toString('base64') }],
    ['of no term', { term: -1 }],
  ])('a place %s is no answer', async (_, changes) => {
    expect(await ask(base, (body) => void Object.assign(body['base'] as object, changes))).toEqual(
      [],
    );
  });
});
