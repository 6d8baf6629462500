import type { User } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { within } from '../deadline.ts';
import type { Deadline } from '../deadline.ts';
import { foldText, hasOnlyAssignedCharacters } from '../fold.ts';
import { ProblemError } from '../problem.ts';
import type { RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { passwordAttemptOf } from './password-attempt.ts';
import type { LoginBody } from './schema.ts';

type LogInServices = Pick<ApiServices, 'replica' | 'passwords' | 'rate_limits' | 'audit'>;

/**
 * Who has this name (or e-mail) and password. Throws `unauthenticated`, the same for a name that nobody
 * has, and `rate_limited` after too many wrong passwords.
 */
export async function logIn(
  services: LogInServices,
  context: RouteContext<LoginBody>,
): Promise<User> {
  const { rate_limits } = services;
  const attempt = passwordAttemptOf(context, context.body.username);
  await rate_limits.admitAttempt(attempt);
  const user = await userWith(services, context.body, context.exchange.deadline);
  if (user === null) {
    await rate_limits.attemptFailed(attempt);
    recordFailure(services, context);
    const detail = 'The username or the password is wrong.';
    throw new ProblemError({ code: 'unauthenticated', detail });
  }
  await rate_limits.attemptSucceeded(attempt);
  const { request_id } = context.exchange;
  services.audit.record({ action: 'user.log_in', actor_key: user.key, request_id, facts: {} });
  return user;
}

/** Whose account it was; a name that nobody has may be a password, and is kept nowhere. */
function recordFailure(services: LogInServices, { body, exchange }: RouteContext<LoginBody>): void {
  const named = userNamed(services, body.username);
  exchange.is_audited = true;
  services.audit.record({
    action: 'user.log_in_failed',
    actor_key: null,
    request_id: exchange.request_id,
    facts: named === null ? {} : { user_key: named.key },
  });
}

/**
 * Needs no majority to let somebody in. Before it refuses, it looks again after a read index, when there
 * is a majority: who has just registered at another replica, or has another password there, is let in
 * here. An unknown name takes the same way, and as long, as a wrong password.
 */
async function userWith(
  services: LogInServices,
  { username, password }: LoginBody,
  deadline: Deadline,
): Promise<User | null> {
  const { passwords, replica } = services;
  if (replica.status().configuration === null) {
    const detail = 'This replica belongs to no cluster yet and knows nobody; try another.';
    throw new ProblemError({ code: 'no_leader', detail });
  }
  const seen = userNamed(services, username);
  if (await passwords.verify(password, seen?.password_hash ?? null, deadline)) return seen;
  await within(replica.readBarrier(), limits.login_barrier_ms);
  const now = userNamed(services, username);
  if (now === null || now.password_hash === seen?.password_hash) return null;
  return (await passwords.verify(password, now.password_hash, deadline)) ? now : null;
}

/** A username has no "@", an e-mail has one: no name is both. */
function userNamed({ replica }: LogInServices, name: string): User | null {
  if (!hasOnlyAssignedCharacters(name)) return null;
  const folded = foldText(name);
  return name.includes('@')
    ? replica.view.userByFoldedEmail(folded)
    : replica.view.userByFoldedUsername(folded);
}
