import type { User } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { within } from '../deadline.ts';
import { foldText, hasOnlyAssignedCharacters } from '../fold.ts';
import { ProblemError } from '../problem.ts';
import type { ApiServices } from '../services.ts';
import type { LoginBody } from './schema.ts';

type LogInServices = Pick<ApiServices, 'replica' | 'passwords'>;

/**
 * Who has this name (or e-mail) and password. Needs no majority to let somebody in. Before it refuses, it
 * looks again after a read index, when there is a majority: who has just registered at another replica is
 * let in here. An unknown name takes the same way, and as long, as a wrong password.
 */
export async function logIn(services: LogInServices, body: LoginBody): Promise<User> {
  const seen = userNamed(services, body.username);
  if (await services.passwords.verify(body.password, seen?.password_hash ?? null)) {
    if (seen !== null) return seen;
  }
  await within(services.replica.readBarrier(), limits.login_barrier_ms);
  const seen_again = userNamed(services, body.username);
  if (seen_again !== null && seen_again.password_hash !== seen?.password_hash) {
    if (await services.passwords.verify(body.password, seen_again.password_hash)) return seen_again;
  }
  const detail = 'The username or the password is wrong.';
  throw new ProblemError({ code: 'unauthenticated', detail });
}

/** A username has no "@", an e-mail has one: no name is both. */
function userNamed({ replica }: LogInServices, name: string): User | null {
  if (!hasOnlyAssignedCharacters(name)) return null;
  const folded = foldText(name);
  return name.includes('@')
    ? replica.view.userByFoldedEmail(folded)
    : replica.view.userByFoldedUsername(folded);
}
