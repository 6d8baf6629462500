import { assert, must } from '../../base/assert.ts';
import { foldText } from '../fold.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { passwordAttemptOf } from './password-attempt.ts';
import { profileAsWritten } from './profile-as-written.ts';
import type { RegisterBody } from './schema.ts';
import { withToken } from './with-token.ts';

/** Until the person chooses: `PUT /api/me/profile`. */
const DEFAULT_TIME_ZONE = 'UTC';
const DEFAULT_LOCALE = 'en';

export async function register(
  services: ApiServices,
  context: RouteContext<RegisterBody>,
): Promise<Answer> {
  if (services.registration === 'closed') {
    const detail = 'Registration is closed here; ask an operator for an account.';
    throw new ProblemError({ code: 'forbidden', detail });
  }
  const { exchange } = context;
  const { username, email, password, display_name, name } = context.body;
  await services.rate_limits.takeRegistration(exchange.route);
  const username_folded = foldText(username);
  const shown_name = must(display_name ?? name, 'the schema asks for one of the names');
  const applied = await propose(
    services,
    context,
    {
      kind: 'user.register',
      username,
      username_folded,
      email,
      email_folded: foldText(email),
      display_name: shown_name,
      display_name_folded: foldText(shown_name),
      password_hash: await services.passwords.hash(password, exchange.deadline),
      time_zone: DEFAULT_TIME_ZONE,
      locale: DEFAULT_LOCALE,
    },
    username_folded,
  );
  const { answer } = applied;
  assert(answer.kind === 'profile', 'a registration answers with who was registered');
  const user = profileAsWritten(services.replica.view, answer);
  if (applied.replayed) await proveReplay(services, context, user.password_hash);
  return writtenAnswer(applied, {
    status: 201,
    location: '/api/me',
    version: user.version,
    body: await withToken(services, user),
  });
}

/** The password is no part of what is remembered, so it must prove itself before a token is made. */
async function proveReplay(
  { passwords, rate_limits }: ApiServices,
  context: RouteContext<RegisterBody>,
  password_hash: string,
): Promise<void> {
  const { username, password } = context.body;
  const attempt = passwordAttemptOf(context, username);
  await rate_limits.admitAttempt(attempt);
  if (await passwords.verify(password, password_hash, context.exchange.deadline)) return;
  await rate_limits.attemptFailed(attempt);
  const detail = 'This Idempotency-Key was used for a registration with another password.';
  throw new ProblemError({ code: 'idempotency_key_reused', detail });
}
