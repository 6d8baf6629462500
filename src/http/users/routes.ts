import { presentSelf, presentUser } from '../present/user.ts';
import {
  self_out_schema,
  self_with_token_schema,
  user_list_schema,
} from '../present/user-schema.ts';
import { etagOf } from '../propose.ts';
import { callerOf, defineRoute } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { changePassword } from './change-password.ts';
import { changeProfile } from './change-profile.ts';
import { logIn } from './log-in.ts';
import { logOut } from './log-out.ts';
import { register } from './register.ts';
import {
  login_schema,
  password_schema,
  profile_schema,
  register_schema,
  user_search_schema,
} from './schema.ts';
import { searchUsers } from './search-users.ts';
import { withToken } from './with-token.ts';

export function userRoutes(services: ApiServices): readonly Route[] {
  return [
    ...['/register', '/api/auth/signup'].map((path) =>
      defineRoute({
        method: 'POST',
        path,
        kind: 'write',
        access: 'public',
        body: register_schema,
        description: {
          summary: 'Become somebody.',
          success: { status: 201, body: self_with_token_schema, headers: ['ETag', 'Location'] },
          refusals: ['forbidden', 'username_taken', 'email_taken', 'rate_limited'],
        },
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
        description: {
          summary: 'Log in by username or e-mail.',
          success: { status: 200, body: self_with_token_schema },
          refusals: ['unauthenticated', 'rate_limited', 'overloaded'],
        },
        handle: async (context) => {
          const user = await logIn(services, context);
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
        description: {
          summary: 'Who one is.',
          success: { status: 200, body: self_out_schema, headers: ['ETag'] },
        },
        handle: readSelf,
      }),
    ),
    ...accountRoutes(services),
    defineRoute({
      method: 'GET',
      path: '/api/users/search',
      kind: 'read',
      access: 'user',
      query: user_search_schema,
      description: {
        summary: 'People by username and name.',
        success: { status: 200, body: user_list_schema },
      },
      handle: async ({ query }) => {
        const { users, next_cursor } = await searchUsers(services.replica.view, query);
        const items = users.map(presentUser);
        return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
      },
    }),
  ];
}

/** What a person changes of their own account. */
function accountRoutes(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      method: 'PUT',
      path: '/api/me/profile',
      kind: 'write',
      access: 'user',
      body: profile_schema,
      description: {
        summary: 'Change what one says of oneself; what is left out stays.',
        success: { status: 200, body: self_out_schema, headers: ['ETag'] },
        refusals: ['email_taken'],
        takes_if_match: true,
      },
      handle: (context) => changeProfile(services, context),
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/me/password',
      kind: 'write',
      access: 'user',
      ends_session: true,
      body: password_schema,
      description: {
        summary: 'Change the password; all older tokens end.',
        success: { status: 200, body: self_with_token_schema, headers: ['ETag'] },
        refusals: ['forbidden', 'rate_limited'],
        takes_if_match: true,
      },
      handle: (context) => changePassword(services, context),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/auth/logout',
      kind: 'write',
      access: 'user',
      ends_session: true,
      description: {
        summary: 'Log out everywhere: all tokens end.',
        success: { status: 204 },
      },
      handle: (context) => logOut(services, context),
    }),
  ];
}

function readSelf(context: RouteContext): Answer {
  const { user } = callerOf(context);
  return { status: 200, headers: { ETag: etagOf(user.version) }, body: presentSelf(user) };
}
