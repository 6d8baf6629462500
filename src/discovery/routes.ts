import type { JsonRoute } from '../consensus/rpc/route.ts';
import { identify, join, leave, nodes, promise } from './handlers.ts';
import type { ClusterAnswer, ClusterHandlersOptions, ClusterRequest } from './handlers.ts';

type Handler = (options: ClusterHandlersOptions, request: ClusterRequest) => Promise<ClusterAnswer>;

/** What the receiver of signed calls serves for discovery. All of it may run twice. */
export function clusterRoutes(options: ClusterHandlersOptions): readonly JsonRoute[] {
  function route(
    method: JsonRoute['method'],
    path: string,
    accepts_strangers: boolean,
    handler: Handler,
  ): JsonRoute {
    return {
      method,
      path,
      accepts_strangers,
      format: 'json',
      handle: ({ envelope, body }) =>
        handler(options, {
          source: envelope.source,
          source_boot_id: envelope.source_boot_id,
          body,
        }),
    };
  }
  return [
    route('POST', '/cluster/identify', true, identify),
    route('POST', '/cluster/promise', true, promise),
    route('POST', '/cluster/join', true, join),
    route('POST', '/cluster/leave', false, leave),
    route('GET', '/cluster/nodes', false, nodes),
  ];
}
