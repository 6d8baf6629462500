import { z } from 'zod';
import { limits } from '../../limits.ts';

/** The bodies of operators' calls: everything is bounded, and unknown fields are refused. */

export const INSPECT_PATH = '/cluster/inspect';
export const CHECK_PATH = '/cluster/check';
export const MEMBERS_PATH = '/cluster/members';
export const TRANSFER_PATH = '/cluster/transfer';

const identifier = z
  .string()
  .min(1)
  .max(limits.rpc_identifier_characters_max)
  .regex(/^[A-Za-z0-9._:~@+-]+$/u);
const index = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);

const member = z.strictObject({ node_id: identifier, storage_id: identifier });
const members = z.array(member).max(limits.address_book_max);

const configuration = z.strictObject({
  voters: members,
  outgoing_voters: members,
  learners: members,
  voters_wanted: z.int().min(1),
});

/** What one replica says of itself, and where it knows the others to be. */
export const inspection = z.strictObject({
  node_id: identifier,
  storage_id: identifier,
  version: z.string().max(100),
  /** Null until its cluster is formed. */
  cluster_id: identifier.nullable(),
  role: z.enum(['leader', 'follower', 'candidate', 'learner']),
  term: index,
  leader_id: identifier.nullable(),
  commit_index: index,
  applied_index: index,
  first_index: index,
  last_index: index,
  last_term: index,
  /** Null until the first entry is here. */
  configuration: configuration.nullable(),
  /** How far the others are: as the leader knows, or told it last. */
  peers: z
    .array(
      z.strictObject({
        node_id: identifier,
        match_index: index,
        applied_index: index,
        last_contact_ms: z.number().min(0).nullable(),
      }),
    )
    .max(limits.address_book_max),
  /** `host:port` for operators' calls; this replica's own is the one it announces. */
  addresses: z
    .array(z.strictObject({ node_id: identifier, storage_id: identifier, address: z.string() }))
    .max(limits.address_book_max + 1),
});
export type Inspection = z.infer<typeof inspection>;

export const check_request = z.strictObject({
  index,
  wait_ms: z.int().min(0).max(limits.state_check_wait_ms_max),
  with_tables: z.boolean(),
});

const table_hash = z.strictObject({ name: identifier, rows: index, hash: sha256 });

export const check_answer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('checked'),
    digest: sha256,
    tables: z.array(table_hash).max(limits.tables_max).nullable(),
  }),
  z.strictObject({ kind: z.literal('not_reached') }),
  z.strictObject({ kind: z.literal('passed') }),
  z.strictObject({ kind: z.literal('busy') }),
]);
export type CheckAnswer = z.infer<typeof check_answer>;

const names = z.array(identifier).min(1).max(limits.cluster_size_max);

/** Everything that is named changes at once. */
export const members_request = z
  .strictObject({
    add: names.optional(),
    remove: names.optional(),
    promote: names.optional(),
    demote: names.optional(),
    replace: z
      .array(z.strictObject({ old: identifier, new: identifier }))
      .min(1)
      .max(limits.cluster_size_max)
      .optional(),
    voters_wanted: z.int().min(1).max(limits.cluster_size_max).optional(),
  })
  .refine((request) => Object.values(request).some((value) => value !== undefined));
export type MembersRequest = z.infer<typeof members_request>;

/** Of `GET`, and after a change. */
export const members_answer = z.strictObject({
  configuration,
  /** Those that are known and no members: they could be added. */
  others: members,
});
export type MembersAnswer = z.infer<typeof members_answer>;

export const transfer_request = z.strictObject({ to: identifier.nullable() });

export const transfer_answer = z.strictObject({ leader_id: identifier.nullable() });

/** Any answer that is not 2xx. */
export const operator_problem = z.looseObject({
  code: z.string().max(100),
  detail: z.string().max(2_000),
  /** With `not_leader`, who leads and where; null: nobody, or it is not known here. */
  leader: z.strictObject({ node_id: identifier, address: z.string() }).nullish(),
});
