import { z } from 'zod';
import { ProblemError } from '../problem.ts';
import { defineRoute } from '../route.ts';
import type { Answer, Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import {
  presentClusterStatus,
  presentLeaders,
  presentLogSummary,
  presentRaftHealth,
  presentRaftState,
} from './view.ts';
import type { ClusterSight } from './view.ts';
import {
  cluster_status_schema,
  leaders_schema,
  log_summary_schema,
  raft_health_schema,
  raft_state_schema,
} from './view-schema.ts';

const group_query = z.strictObject({ group: z.string().optional() });

/** What operators see. From this replica itself: these are read when there is no majority. */
export function clusterRoutes(services: ApiServices): readonly Route[] {
  const sight = (): ClusterSight => ({
    status: services.replica.status(),
    addresses: services.addresses(),
  });
  const view = (
    path: string,
    present: (sight: ClusterSight) => unknown,
    summary: string,
    body: z.ZodType,
  ): Route =>
    defineRoute({
      method: 'GET',
      path,
      kind: 'local',
      access: 'operator',
      description: { summary, success: { status: 200, body } },
      handle: (): Answer => ({ status: 200, body: present(sight()) }),
    });
  return [
    view('/cluster/status', presentClusterStatus, 'All members.', cluster_status_schema),
    view('/leaders', presentLeaders, 'Who leads each Raft group.', leaders_schema),
    view('/raft/log/summary', presentLogSummary, 'How far the log goes.', log_summary_schema),
    view('/raft/health', presentRaftHealth, 'Whether there is a leader.', raft_health_schema),
    defineRoute({
      method: 'GET',
      path: '/raft/state',
      kind: 'local',
      access: 'operator',
      query: group_query,
      description: {
        summary: 'Term, indexes and digest; `group` may name the Raft group.',
        success: { status: 200, body: raft_state_schema },
        refusals: ['not_found'],
      },
      handle: ({ query }) => {
        const seen = sight();
        if (query.group !== undefined && query.group !== seen.status.group_id) {
          const detail = `There is no group of that name; there is ${seen.status.group_id}.`;
          throw new ProblemError({ code: 'not_found', detail });
        }
        return { status: 200, body: presentRaftState(seen) };
      },
    }),
  ];
}
