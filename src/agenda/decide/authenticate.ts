import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { Command } from '../command.ts';
import type { User } from '../model.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';

/**
 * Whose command it is, or null when it needs no token. A session that was ended before this point of the
 * log is refused, whichever replica took the request.
 */
export function authenticate(view: RulesView, command: Command): Result<User | null, Refusal> {
  if (command.by === null) return ok(null);
  const user = view.userByKey(command.by);
  if (user === null || user.token_version !== command.token_version) {
    return err({ code: 'unauthenticated', detail: 'The session has ended; log in again.' });
  }
  return ok(user);
}
