import * as fc from 'fast-check';
import type { Entry } from '../../../src/consensus/raft/entry.ts';
import type { Request, Response } from '../../../src/consensus/raft/message.ts';
import { sealEntry } from '../../../src/consensus/raft/seal-entry.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const position = fc.record({ index: count, term: count });

const append = fc
  .record({
    append_id: count,
    leader_commit: count,
    previous: fc.record({ index: fc.nat(), term: fc.nat() }),
    entries: fc.array(
      fc.record({
        kind: fc.constantFrom<Entry['kind']>('no_op', 'command', 'configuration'),
        term_step: fc.nat({ max: 3 }),
        request_id: fc.string({ unit: 'grapheme', maxLength: 20 }),
        payload: fc.uint8Array({ maxLength: 64 }),
      }),
      { maxLength: 12 },
    ),
    term_step: fc.nat({ max: 3 }),
  })
  .map(({ append_id, leader_commit, previous, entries, term_step }): Request => {
    let term = previous.term;
    const sealed = entries.map((entry, at) => {
      term += entry.term_step;
      const { kind, request_id } = entry;
      const payload = Buffer.from(entry.payload);
      return sealEntry({ index: previous.index + 1 + at, term, kind, request_id, payload });
    });
    return {
      kind: 'append',
      term: term + term_step,
      append_id,
      previous,
      entries: sealed,
      leader_commit,
    };
  });

const hexadecimal = fc.stringMatching(/^[0-9a-f]{64}$/);
const member = fc.record({ node_id: fc.constant('n1'), storage_id: fc.uuid() });

const installSnapshot = fc
  .record({
    snapshot_id: fc.uuid(),
    index: fc.integer({ min: 1, max: 2 ** 40 }),
    term: fc.integer({ min: 1, max: 2 ** 40 }),
    later_terms: fc.nat(),
    voter: member,
    digest: hexadecimal,
    sha256: hexadecimal,
    schema_version: fc.nat(),
    state_bytes: count,
    offset: fc.nat(),
    left_bytes: fc.nat(),
    chunk: fc.uint8Array({ maxLength: 64 }),
    checksum: fc.nat(),
  })
  .map((fields): Request => {
    const { snapshot_id, index, term, voter, digest, sha256, schema_version, state_bytes } = fields;
    const { offset, checksum, left_bytes, later_terms } = fields;
    const configuration = {
      cluster_id: 'cluster',
      voters: [voter],
      outgoing_voters: [],
      learners: [],
      removed: [],
      voters_wanted: 1,
      feature_level: 1,
    };
    const base = { index, term, configuration: { index: 1, configuration } };
    const chunk = Buffer.from(fields.chunk);
    const bytes = offset + chunk.length + left_bytes;
    return {
      kind: 'install_snapshot',
      term: term + later_terms,
      manifest: { snapshot_id, base, digest, sha256, schema_version, state_bytes, bytes },
      offset,
      chunk,
      checksum,
    };
  });

/** Any request a leader or a candidate could send. */
export const requestArbitrary: fc.Arbitrary<Request> = fc.oneof(
  append,
  installSnapshot,
  fc
    .record({
      purpose: fc.constantFrom('vote', 'pre_vote', 'transfer'),
      term: count,
      last_log: position,
    })
    .map(({ purpose, term, last_log }): Request => ({
      kind: 'vote',
      pre_vote: purpose === 'pre_vote',
      is_transfer: purpose === 'transfer',
      term,
      last_log,
    })),
  fc.record({
    kind: fc.constant('heartbeat' as const),
    term: count,
    round: count,
    commit_index: count,
    freshness: fc.option(fc.record({ echo_ms: time, commit_index: count })),
  }),
  fc.record({ kind: fc.constant('read_index' as const), term: count, read_id: count }),
  fc.record({ kind: fc.constant('timeout_now' as const), term: count }),
);

export const responseArbitrary: fc.Arbitrary<Response> = fc.oneof(
  fc.record({
    kind: fc.constant('install_snapshot_response' as const),
    term: count,
    snapshot_id: fc.uuid(),
    progress: fc.constantFrom('receiving', 'installing', 'installed', 'damaged', 'refused'),
    offset: count,
  }),
  fc.record({
    kind: fc.constant('vote_response' as const),
    pre_vote: fc.boolean(),
    asked_term: count,
    term: count,
    granted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('append_response' as const),
    term: count,
    append_id: count,
    success: fc.boolean(),
    match_index: count,
    conflict: fc.option(fc.record({ term: count, index: count })),
  }),
  fc.record({
    kind: fc.constant('heartbeat_response' as const),
    term: count,
    round: count,
    success: fc.boolean(),
    echo_ms: time,
    applied_index: count,
    last_index: count,
    needs_snapshot_from: count,
    priority: count,
  }),
  fc.record({
    kind: fc.constant('read_index_response' as const),
    term: count,
    read_id: count,
    read_index: fc.option(count),
  }),
  fc.record({
    kind: fc.constant('timeout_now_response' as const),
    term: count,
    accepted: fc.boolean(),
  }),
);
