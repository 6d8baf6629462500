import type { OperatorClient } from '../operator/client.ts';
import { CHECK_PATH, check_answer } from '../../discovery/operations/wire.ts';
import type { CheckAnswer } from '../../discovery/operations/wire.ts';
import { limits } from '../../limits.ts';
import { askAtOneIndex, WAIT_MS } from './ask-at-one-index.ts';
import type { AskedReplica } from './ask-at-one-index.ts';

/** What one replica has at the index of the comparison. */
export type CheckedReplica = AskedReplica<CheckAnswer>;

export interface CheckedReplicas {
  readonly index: number;
  readonly with_tables: boolean;
  readonly replicas: readonly CheckedReplica[];
}

/**
 * Asks all replicas for their state at one index.
 *
 * @throws {CallFailed} the first cannot be asked
 */
export async function checkReplicas(
  client: OperatorClient,
  at: string,
  with_tables: boolean,
): Promise<CheckedReplicas> {
  const asked = await askAtOneIndex<CheckAnswer>(client, at, {
    of_the_moment: with_tables,
    busy_with: 'hashing its tables',
    ask: (address, member, question) =>
      client.call(
        address,
        member,
        CHECK_PATH,
        { ...question, with_tables },
        check_answer,
        WAIT_MS + limits.operator_call_timeout_ms,
      ),
  });
  return { ...asked, with_tables };
}
