import { must } from '../../base/assert.ts';
import type { User } from '../../agenda/model.ts';
import { foldText } from '../fold.ts';
import { presentSelf } from '../present/user.ts';
import { ProblemError } from '../problem.ts';
import { etagOf, propose, writtenAnswer } from '../propose.ts';
import { callerOf, defineRoute } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { logIn } from './log-in.ts';
import { login_schema, register_schema } from './schema.ts';
import type { RegisterBody } from './schema.ts';

/** Until the person chooses: `PUT /api/me/profile`. */
const DEFAULT_TIME_ZONE = 'UTC';
const DEFAULT_LOCALE = 'en';

export function userRoutes(services: ApiServices): readonly Route[] {
  return [
    ...['/register', '/api/auth/signup'].map((path) =>
      defineRoute({
        method: 'POST',
        path,
        kind: 'write',
        access: 'public',
        body: register_schema,
        handle: (context) => register(services, context),
      }),
    ),
    ...['/login', '/api/auth/login'].map((path) =>
      defineRoute({
        method: 'POST',
        path,
        kind: 'local',
        access: 'public',
        body: login_schema,
        handle: async ({ body }) => {
          const user = await logIn(services, body);
          return { status: 200, body: await withToken(services, user) };
        },
      }),
    ),
    ...['/api/me', '/api/auth/me'].map((path) =>
      defineRoute({
        method: 'GET',
        path,
        kind: 'read',
        access: 'user',
        handle: (context) => {
          const { user } = callerOf(context);
          return { status: 200, headers: { ETag: etagOf(user.version) }, body: presentSelf(user) };
        },
      }),
    ),
  ];
}

async function register(
  services: ApiServices,
  context: RouteContext<RegisterBody, unknown>,
): Promise<Answer> {
  if (services.registration === 'closed') {
    const detail = 'Registration is closed here; ask an operator for an account.';
    throw new ProblemError({ code: 'forbidden', detail });
  }
  const { username, email, password, display_name, name } = context.body;
  const username_folded = foldText(username);
  const applied = await propose(services, context, username_folded, {
    kind: 'user.register',
    username,
    username_folded,
    email,
    email_folded: foldText(email),
    display_name: must(display_name ?? name, 'the schema asks for one of the names'),
    password_hash: await services.passwords.hash(password),
    time_zone: DEFAULT_TIME_ZONE,
    locale: DEFAULT_LOCALE,
  });
  const user = must(services.replica.view.userByKey(applied.answer.key), 'registered, yet nobody');
  // The password is no part of what is remembered, so it must prove itself before a token is made.
  if (applied.replayed && !(await services.passwords.verify(password, user.password_hash))) {
    const detail = 'This Idempotency-Key was used for a registration with another password.';
    throw new ProblemError({ code: 'idempotency_key_reused', detail });
  }
  return writtenAnswer(applied, {
    status: 201,
    location: '/api/me',
    version: applied.answer.version,
    body: await withToken(services, user),
  });
}

async function withToken(services: ApiServices, user: User) {
  return { user: presentSelf(user), token: await services.tokens.issue(user) };
}
