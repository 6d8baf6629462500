import type { IncomingMessage } from 'node:http';
import { must } from '../base/assert.ts';
import type { ClusterId } from '../consensus/raft/configuration.ts';
import { limits } from '../limits.ts';
import type { ApiDependencies } from './dependencies.ts';
import { PasswordHasher } from './passwords.ts';
import { PersonalShare } from './personal-share.ts';
import { RateLimits } from './rate-limits.ts';
import { createSenderOf } from './serve/sender.ts';
import type { Sender } from './serve/sender.ts';
import { Tokens } from './token.ts';
import { WaitingLine } from './waiting-line.ts';

/** What the routes work with: the dependencies and what the API made of them. */
export interface ApiServices extends ApiDependencies {
  readonly senderOf: (request: IncomingMessage) => Sender;
  readonly tokens: Tokens;
  readonly passwords: PasswordHasher;
  readonly rate_limits: RateLimits;
  readonly large_agendas_of_each: PersonalShare;
  readonly searches: WaitingLine;
  readonly searches_of_each: PersonalShare;
  /** Of the cluster this replica belongs to; there is one as soon as there is anything to show. */
  readonly clusterId: () => ClusterId;
}

export function createServices(dependencies: ApiDependencies): ApiServices {
  let cluster_id: ClusterId | null = null;
  return {
    ...dependencies,
    senderOf: createSenderOf(dependencies.trust_proxy),
    tokens: new Tokens({
      secret: dependencies.secrets.jwt,
      ttl_s: dependencies.token_ttl_s,
      now_ms: dependencies.now_ms,
    }),
    passwords: new PasswordHasher(),
    rate_limits: new RateLimits({ metrics: dependencies.metrics }),
    large_agendas_of_each: new PersonalShare(limits.agenda_snapshots_per_person_max),
    searches: new WaitingLine({
      at_once: limits.searches_at_once,
      waiting_max: limits.searches_waiting_max,
      too_many: 'Too many people search at this moment; try again.',
    }),
    searches_of_each: new PersonalShare(limits.searches_per_person_max),
    clusterId: () => {
      cluster_id ??= must(
        dependencies.replica.status().configuration,
        'state without a configuration',
      ).cluster_id;
      return cluster_id;
    },
  };
}
