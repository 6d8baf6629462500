import type { BootstrapState } from '../consensus/bootstrap/bootstrap-state.ts';
import { decodePromise } from '../consensus/bootstrap/promise-codec.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Announcement } from './address-entry.ts';
import type { Call } from './ports.ts';
import { identify_answer } from './wire.ts';

/** What a replica said when it was asked who it is. */
export interface Introduction {
  readonly announcement: Announcement;
  readonly state: BootstrapState;
}

/** An answer that is not one: the other end is of another version, or at fault. */
export class UnexpectedAnswerError extends Error {
  override name = 'UnexpectedAnswerError';
}

/**
 * Asks who lives at an address. The signature of the answer proves the pair it speaks of.
 *
 * Rejects when there is no answer or not such an answer.
 */
export async function askWho(call: Call, address: string): Promise<Introduction> {
  const answer = await call({
    address,
    method: 'POST',
    path: '/cluster/identify',
    body: {},
    destination: null,
  });
  const parsed = identify_answer.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    throw new UnexpectedAnswerError(`${address}: not an introduction (${answer.status})`);
  }
  const { promise, cluster_id, last_index, ...announcement } = parsed.data;
  if (!sameMember(announcement, answer.responder)) {
    throw new UnexpectedAnswerError(`${address}: introduces another than itself`);
  }
  return {
    announcement,
    state: {
      member: answer.responder,
      promise: promise === null ? null : decodePromise(promise),
      cluster_id,
      last_index,
    },
  };
}
