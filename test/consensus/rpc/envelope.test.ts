import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  formatAnswerEnvelope,
  formatEnvelope,
  isEnvelopeIdentifier,
  parseAnswerEnvelope,
  parseEnvelope,
} from '../../../src/consensus/rpc/envelope.ts';
import type { Envelope } from '../../../src/consensus/rpc/envelope.ts';
import { limits } from '../../../src/limits.ts';

const identifier = fc.stringMatching(/^[A-Za-z0-9._:~@+-]{1,20}$/);
const hexadecimal = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const member = fc.record({ node_id: identifier, storage_id: identifier });
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const envelopeArbitrary: fc.Arbitrary<Envelope> = fc
  .record({
    key_id: hexadecimal(8),
    cluster_id: fc.oneof(identifier, fc.constant('')),
    source: member,
    source_boot_id: identifier,
    destination: fc.option(member),
    destination_boot_id: fc.oneof(identifier, fc.constant('')),
    group_id: fc.oneof(identifier, fc.constant('')),
    timestamp_ms: count,
    counter: count,
    body_sha256: hexadecimal(64),
  })
  .map((envelope) =>
    envelope.destination === null ? { ...envelope, destination_boot_id: '' } : envelope,
  );

const SAMPLE: Envelope = {
  key_id: '0123abcd',
  cluster_id: 'c1',
  source: { node_id: 'agenda-1', storage_id: 's1' },
  source_boot_id: 'b1',
  destination: { node_id: 'agenda-2', storage_id: 's2' },
  destination_boot_id: 'b2',
  group_id: 'g0',
  timestamp_ms: 1_800_000_000_000,
  counter: 1,
  body_sha256: 'ab'.repeat(32),
};

describe('envelope', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(envelopeArbitrary, (envelope) => {
        expect(parseEnvelope(formatEnvelope(envelope))).toEqual(envelope);
      }),
    );
  });

  test('has one form only: whatever parses is written back to the same text', () => {
    const text = formatEnvelope(SAMPLE);
    fc.assert(
      fc.property(fc.nat({ max: text.length }), fc.string({ maxLength: 2 }), (at, insert) => {
        const other = text.slice(0, at) + insert + text.slice(at + 1);
        const parsed = parseEnvelope(other);
        expect(parsed === null || formatEnvelope(parsed) === other).toBe(true);
      }),
    );
  });

  test.each([
    ['another version', (text: string) => text.replace(/^1/, '2')],
    ['a field too many', (text: string) => `${text},`],
    ['a leading zero', (text: string) => text.replace(',1800', ',01800')],
    ['a number above 2^53', (text: string) => text.replace(',1,ab', ',9999999999999999,ab')],
    ['a line break', (text: string) => text.replace('agenda-1', 'agenda\n1')],
    ['a trailing line break', (text: string) => `${text}\n`],
    ['a node without its storage', (text: string) => text.replace(',s2,', ',,')],
    ['a boot without its node', (text: string) => text.replace(',agenda-2,s2,', ',,,')],
    ['no source', (text: string) => text.replace(',agenda-1,', ',,')],
    ['capitals in a hash', (text: string) => text.replaceAll('ab', 'AB')],
  ])('refuses %s', (_, change) => {
    const text = formatEnvelope(SAMPLE);
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(parseEnvelope(changed)).toBeNull();
  });

  test('refuses to write what it would not read', () => {
    expect(() => formatEnvelope({ ...SAMPLE, group_id: 'a,b' })).toThrow(/not an envelope/);
    expect(() => formatEnvelope({ ...SAMPLE, counter: 0 })).toThrow(/not an envelope/);
    expect(isEnvelopeIdentifier('agenda 1')).toBe(false);
    expect(isEnvelopeIdentifier('x'.repeat(limits.rpc_identifier_characters_max + 1))).toBe(false);
    expect(isEnvelopeIdentifier('agenda_agenda.1.k3j')).toBe(true);
  });

  test('that of an answer is read as it was written', () => {
    const answer = {
      responder: SAMPLE.source,
      responder_boot_id: 'b',
      timestamp_ms: SAMPLE.timestamp_ms,
      body_sha256: 'cd'.repeat(32),
    };
    const text = formatAnswerEnvelope(answer);
    expect(parseAnswerEnvelope(text)).toEqual(answer);
    expect(parseAnswerEnvelope(`${text},x`)).toBeNull();
  });
});
