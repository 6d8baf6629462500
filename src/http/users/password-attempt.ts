import { foldText, hasOnlyAssignedCharacters } from '../fold.ts';
import type { PasswordAttempt } from '../rate-limits.ts';
import type { RouteContext } from '../route.ts';

/** A name, however it is written, tries a password from where this request came. */
export function passwordAttemptOf(
  { client_address, exchange }: RouteContext,
  name: string,
): PasswordAttempt {
  const account = hasOnlyAssignedCharacters(name) ? foldText(name) : name;
  return { account, address: client_address(), route: exchange.route };
}
