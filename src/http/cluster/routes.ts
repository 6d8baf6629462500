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

const group_query = z.strictObject({ group: z.string().optional() });

/** What operators see. From this replica itself: these are read when there is no majority. */
export function clusterRoutes(services: ApiServices): readonly Route[] {
  const sight = (): ClusterSight => ({
    status: services.replica.status(),
    addresses: services.addresses(),
  });
  const view = (path: string, present: (sight: ClusterSight) => unknown): Route =>
    defineRoute({
      method: 'GET',
      path,
      kind: 'local',
      access: 'operator',
      handle: (): Answer => ({ status: 200, body: present(sight()) }),
    });
  return [
    view('/cluster/status', presentClusterStatus),
    view('/leaders', presentLeaders),
    view('/raft/log/summary', presentLogSummary),
    view('/raft/health', presentRaftHealth),
    defineRoute({
      method: 'GET',
      path: '/raft/state',
      kind: 'local',
      access: 'operator',
      query: group_query,
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
