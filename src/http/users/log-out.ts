import { writtenAnswer } from '../propose.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { proposeEndOfSession, rememberedEndOfSession } from './end-session.ts';

/** Ends all sessions of the person, at every replica. */
export async function logOut(services: ApiServices, context: RouteContext): Promise<Answer> {
  const applied = callerOf(context).has_ended
    ? await rememberedEndOfSession(services, context)
    : await proposeEndOfSession(services, context, { kind: 'user.log_out' });
  return writtenAnswer(applied, { status: 204 });
}
