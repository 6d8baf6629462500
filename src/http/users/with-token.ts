import type { User } from '../../agenda/model.ts';
import { presentSelf } from '../present/user.ts';
import type { SelfWithToken } from '../present/user-schema.ts';
import type { ApiServices } from '../services.ts';

/** `{user, token}`: the token is made for this answer and kept nowhere, also when the user is shown as they were. */
export async function withToken(
  { tokens }: Pick<ApiServices, 'tokens'>,
  user: User,
): Promise<SelfWithToken> {
  return { user: presentSelf(user), token: await tokens.issue(user) };
}
