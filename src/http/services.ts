import { must } from '../base/assert.ts';
import type { ClusterId } from '../consensus/raft/configuration.ts';
import type { ApiDependencies } from './dependencies.ts';
import { PasswordHasher } from './passwords.ts';
import { RateLimits } from './rate-limits.ts';
import { Tokens } from './token.ts';

/** What the routes work with: the dependencies and what the API made of them. */
export interface ApiServices extends ApiDependencies {
  readonly tokens: Tokens;
  readonly passwords: PasswordHasher;
  readonly rate_limits: RateLimits;
  /** Of the cluster this replica belongs to; there is one as soon as there is anything to show. */
  readonly clusterId: () => ClusterId;
}

export function createServices(dependencies: ApiDependencies): ApiServices {
  let cluster_id: ClusterId | null = null;
  return {
    ...dependencies,
    tokens: new Tokens({
      secret: dependencies.secrets.jwt,
      ttl_s: dependencies.token_ttl_s,
      now_ms: dependencies.now_ms,
    }),
    passwords: new PasswordHasher(),
    rate_limits: new RateLimits({ metrics: dependencies.metrics }),
    clusterId: () => {
      cluster_id ??= must(
        dependencies.replica.status().configuration,
        'state without a configuration',
      ).cluster_id;
      return cluster_id;
    },
  };
}
