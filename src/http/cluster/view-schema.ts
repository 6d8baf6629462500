import { z } from 'zod';

const index = z.int().nonnegative();
const term = z.int().nonnegative();
const role = z.enum(['leader', 'follower', 'candidate', 'learner']);
const url = z.string().meta({ format: 'uri' });
const health = z.enum(['ok', 'no_leader']);

/** What this replica cannot know of another is null. */
export const cluster_node_schema = z.object({
  id: z.string(),
  address: url.nullable(),
  role,
  is_leader: z.boolean(),
  healthy: z.boolean().meta({ description: 'Heard within 30 seconds.' }),
  voter: z.boolean(),
  term: term.nullable(),
  commit_index: index.nullable(),
  applied_index: index.nullable(),
  lag: index.nullable().meta({ description: 'Entries that it has not applied yet.' }),
  last_contact_ms: z.number().nonnegative().nullable(),
});
export type ClusterNode = z.infer<typeof cluster_node_schema>;

/** `GET /cluster/status`. */
export const cluster_status_schema = z.object({
  current_node_id: z.string(),
  current_role: role,
  leader_id: z.string().nullable(),
  leader_address: url.nullable(),
  total_nodes: z.int().nonnegative(),
  nodes: z.array(cluster_node_schema),
  group: z.string(),
  cluster_id: z.string().nullable(),
  term,
  commit_index: index,
  applied_index: index,
  quorum_margin: z
    .int()
    .nullable()
    .meta({ description: 'Voters that may be lost before there is no majority.' }),
});
export type ClusterStatus = z.infer<typeof cluster_status_schema>;

/** `GET /leaders`, by Raft group. */
export const leaders_schema = z.record(
  z.string(),
  z.object({
    leader: url.nullable(),
    leader_id: z.string().nullable(),
    term,
    nodes: z.array(z.string()),
    status: health,
  }),
);
export type Leaders = z.infer<typeof leaders_schema>;

/** `GET /raft/state`. */
export const raft_state_schema = z.object({
  node_id: z.string(),
  group: z.string(),
  role,
  term,
  leader_id: z.string().nullable(),
  commit_index: index,
  applied_index: index,
  last_index: index,
  digest: z.string().meta({ description: 'Of the state at `applied_index`.' }),
  voters: z.array(z.string()),
  learners: z.array(z.string()),
});
export type RaftState = z.infer<typeof raft_state_schema>;

/** `GET /raft/log/summary`. */
export const log_summary_schema = z.object({
  node_id: z.string(),
  role,
  last_index: index,
  last_term: term,
  commit_index: index,
  first_index: index,
  snapshot_index: index,
});
export type LogSummary = z.infer<typeof log_summary_schema>;

/** `GET /raft/health`. */
export const raft_health_schema = z.object({
  status: health,
  is_leader: z.boolean(),
  leader_id: z.string().nullable(),
  term,
});
export type RaftHealth = z.infer<typeof raft_health_schema>;

/** `GET /health`. */
export const health_schema = z.object({
  status: health,
  node_id: z.string(),
  role,
  leader_id: z.string().nullable(),
  term,
  groups: z.array(z.string()),
});
export type Health = z.infer<typeof health_schema>;

/** What a probe says that finds nothing wrong. */
export const probe_schema = z.object({ status: z.literal('ok') });
