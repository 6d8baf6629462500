import { assert } from '../../base/assert.ts';
import { ifMatchOf } from '../if-match.ts';
import type { Applied } from '../outcome.ts';
import { ProblemError } from '../problem.ts';
import { writtenAnswer } from '../propose.ts';
import type { PasswordAttempt } from '../rate-limits.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { proposeEndOfSession, rememberedEndOfSession, rememberedSuccess } from './end-session.ts';
import { passwordAttemptOf } from './password-attempt.ts';
import { profileAsWritten } from './profile-as-written.ts';
import type { PasswordBody } from './schema.ts';
import { withToken } from './with-token.ts';

type PasswordContext = RouteContext<PasswordBody>;

/**
 * The current password is compared here, before the log, with the hash that belongs to the session's token
 * version; apply refuses the session, and the command with it, when that is another by then.
 */
export async function changePassword(
  services: ApiServices,
  context: PasswordContext,
): Promise<Answer> {
  const { user } = callerOf(context);
  const attempt = passwordAttemptOf(context, user.username);
  await services.rate_limits.admitAttempt(attempt);
  const applied = await changedPassword(services, context, attempt);
  const { answer } = applied;
  assert(answer.kind === 'profile', 'a new password answers with whose it is');
  const changed = profileAsWritten(services.replica.view, answer);
  if (applied.replayed) await proveReplay(services, context, attempt, changed.password_hash);
  return writtenAnswer(applied, {
    status: 200,
    version: changed.version,
    body: await withToken(services, changed),
  });
}

async function changedPassword(
  services: ApiServices,
  context: PasswordContext,
  attempt: PasswordAttempt,
): Promise<Applied> {
  const { passwords, rate_limits } = services;
  const { user, has_ended } = callerOf(context);
  if (has_ended) return rememberedEndOfSession(services, context);
  const { deadline } = context.exchange;
  const if_match = ifMatchOf(context.request);
  const { current_password, new_password } = context.body;
  if (!(await passwords.verify(current_password, user.password_hash, deadline))) {
    return afterWrongPassword(services, context, attempt);
  }
  await rate_limits.attemptSucceeded(attempt);
  const password_hash = await passwords.hash(new_password, deadline);
  const body = { kind: 'user.change_password', if_match, password_hash } as const;
  return proposeEndOfSession(services, context, body);
}

/** What comes before the refusal: a success under the same key, and the end of the session. */
async function afterWrongPassword(
  services: ApiServices,
  context: PasswordContext,
  attempt: PasswordAttempt,
): Promise<Applied> {
  const { user } = callerOf(context);
  const remembered = await rememberedSuccess(services, context);
  if (remembered !== null) return remembered;
  const now = services.replica.view.userByKey(user.key);
  if (now?.token_version !== user.token_version) return rememberedEndOfSession(services, context);
  const if_match = ifMatchOf(context.request);
  if (if_match !== null && !if_match.includes(now.version)) {
    const detail = 'The profile was changed since the version in If-Match; read it again first.';
    throw new ProblemError({ code: 'precondition_failed', detail });
  }
  await services.rate_limits.attemptFailed(attempt);
  throw new ProblemError({ code: 'forbidden', detail: 'The current password is wrong.' });
}

/** The password is no part of what is remembered, so it must prove itself before a token is made. */
async function proveReplay(
  { passwords, rate_limits }: ApiServices,
  { body, exchange }: PasswordContext,
  attempt: PasswordAttempt,
  password_hash: string,
): Promise<void> {
  if (await passwords.verify(body.new_password, password_hash, exchange.deadline)) return;
  await rate_limits.attemptFailed(attempt);
  const detail =
    'This Idempotency-Key was used for a change to another password, or it has been changed since.';
  throw new ProblemError({ code: 'idempotency_key_reused', detail });
}
