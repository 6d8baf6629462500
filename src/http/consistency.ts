import { remainingMs, TOO_LATE, within } from './deadline.ts';
import type { Exchange } from './exchange.ts';
import { ProblemError } from './problem.ts';
import type { ApiServices } from './services.ts';
import { invalidField } from './validate.ts';

/** How fresh the answer of a GET has to be. */
export interface Consistency {
  readonly is_local: boolean;
  readonly min_index: number | null;
}

type Query = Readonly<Record<string, string>>;

/** Takes `consistency` and `min_index` out of the query; the rest is the route's. */
export function takeConsistency(query: Query): { consistency: Consistency; rest: Query } {
  const { consistency, min_index, ...rest } = query;
  if (consistency !== undefined && consistency !== 'local') {
    throw invalidField('consistency', 'must be "local", or left out for a linearizable read');
  }
  if (min_index !== undefined && !/^\d{1,15}$/.test(min_index)) {
    throw invalidField('min_index', 'must be the number of an Agenda-Index header');
  }
  return {
    consistency: {
      is_local: consistency === 'local',
      min_index: min_index === undefined ? null : Number(min_index),
    },
    rest,
  };
}

/**
 * Waits until the view is as new as was asked for. Throws `index_not_reached` or `no_quorum`. A local read
 * says how old it may be in `Agenda-Stale-Ms`.
 */
export async function awaitConsistency(
  services: Pick<ApiServices, 'replica' | 'metrics'>,
  { is_local, min_index }: Consistency,
  exchange: Exchange,
): Promise<void> {
  const { replica } = services;
  if (min_index !== null) {
    const is_here = await replica.waitForIndex(min_index, remainingMs(exchange.deadline));
    if (!is_here) {
      const detail = `This replica has not applied index ${min_index} yet; try again or another one.`;
      throw new ProblemError({ code: 'index_not_reached', detail });
    }
  }
  if (is_local) {
    const stale_ms = replica.staleMs();
    const told = stale_ms === null ? 'unknown' : String(Math.ceil(stale_ms));
    exchange.fields.push('Agenda-Stale-Ms', told);
    return;
  }
  await awaitMajority(services, exchange);
}

/**
 * Waits until the view is as new as this call: what a majority knew. Throws `no_quorum`. A refusal that
 * depends on the state is given without the log only after this.
 */
export async function awaitMajority(
  { replica, metrics }: Pick<ApiServices, 'replica' | 'metrics'>,
  exchange: Exchange,
): Promise<void> {
  const read = await within(replica.readBarrier(), remainingMs(exchange.deadline));
  if (read === TOO_LATE || read === 'no_quorum') {
    metrics.readIndexFailed();
    const detail =
      'No majority of replicas confirmed this read in time; try again, or read with ' +
      'consistency=local what this replica has.';
    throw new ProblemError({ code: 'no_quorum', detail });
  }
}
