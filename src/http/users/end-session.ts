import type { CommandBody } from '../../agenda/command.ts';
import { awaitMajority } from '../consistency.ts';
import type { Applied } from '../outcome.ts';
import { ProblemError } from '../problem.ts';
import { propose, requestKeyFor } from '../propose.ts';
import { callerOf } from '../route.ts';
import type { RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';

/**
 * What ends the session it was asked with cannot be asked again with it. A request that is sent again, with
 * its key and the token that it had, is answered from what is remembered: a success is looked for before
 * the session is refused. See `docs/decisions/0004-a-session-that-ends-itself.md`.
 */
export async function proposeEndOfSession(
  services: ApiServices,
  context: RouteContext,
  body: CommandBody,
): Promise<Applied> {
  try {
    return await propose(services, context, body);
  } catch (error) {
    // The first attempt was applied while this one was on its way.
    if (!(error instanceof ProblemError) || error.problem.code !== 'unauthenticated') throw error;
    return rememberedEndOfSession(services, context);
  }
}

/** For an ended session. Throws `unauthenticated` when nothing is remembered. */
export async function rememberedEndOfSession(
  services: ApiServices,
  context: RouteContext,
): Promise<Applied> {
  const remembered = await rememberedSuccess(services, context);
  if (remembered !== null) return remembered;
  const detail = 'The session has ended; log in again.';
  throw new ProblemError({ code: 'unauthenticated', detail });
}

/**
 * What is remembered under the key of the request, as a majority knows it now. Throws `no_quorum`, and
 * `idempotency_key_reused` when it was another request.
 */
export async function rememberedSuccess(
  services: ApiServices,
  context: RouteContext,
): Promise<Applied | null> {
  await awaitMajority(services, context.exchange);
  const key = requestKeyFor(services, context, callerOf(context).user_id);
  const remembered = key === null ? null : services.replica.remembered(key.scope_hash);
  if (key === null || remembered === null) return null;
  if (remembered.fingerprint !== key.fingerprint) {
    const detail = 'This Idempotency-Key was used with another body; use a new key.';
    throw new ProblemError({ code: 'idempotency_key_reused', detail });
  }
  return { index: remembered.entry_index, answer: remembered.answer, replayed: true };
}
