import type { ZodType } from 'zod';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallFailed } from './client.ts';
import type { OperatorClient } from './client.ts';

/** Leadership may be on its way from one to another. */
const HOPS_MAX = 5;
const PAUSE_MS = 500;

/**
 * Asks any replica and goes on to the one that leads, as it says.
 *
 * @throws {CallFailed}
 */
export async function callLeader<T>(
  client: OperatorClient,
  at: string,
  path: string,
  body: object,
  answer: ZodType<T>,
  timeout_ms: number,
): Promise<T> {
  let address = at;
  for (let hop = 1; ; hop += 1) {
    const there = await client.inspect(address);
    try {
      return await client.call(address, there, path, body, answer, timeout_ms);
    } catch (error) {
      if (!(error instanceof CallFailed) || error.code !== 'not_leader') throw error;
      if (hop === HOPS_MAX) {
        throw new CallFailed(
          'nobody leads: without a majority of the voters nothing can be changed. See `agenda status`',
        );
      }
      // Nobody leads, or nobody there knows who: the first that was asked hears of it as well.
      if (error.leader === null || error.leader.node_id === there.node_id) {
        await sleep(PAUSE_MS);
        address = at;
      } else {
        address = error.leader.address;
      }
    }
  }
}
