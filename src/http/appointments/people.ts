import type { InvitedPerson } from '../../agenda/command.ts';
import { parseId } from '../../agenda/id.ts';
import { limits } from '../../limits.ts';
import { foldText, hasOnlyAssignedCharacters } from '../fold.ts';
import { ProblemError } from '../problem.ts';
import { countCharacters } from '../text-schema.ts';
import type { AppointmentBody } from './schema.ts';

/** Those named in a body, for a command. Throws `not_found` for who can be nobody. */
export function invitedPeople(named: AppointmentBody['participants']): readonly InvitedPerson[] {
  return named.map(({ username, user_id, is_optional = false }) => {
    if (user_id === undefined) {
      return { user_key: null, username_folded: foldedName(username ?? ''), is_optional };
    }
    const user_key = parseId('usr', user_id);
    if (user_key === null) throw noSuchPerson(user_id);
    return { user_key, username_folded: null, is_optional };
  });
}

/** As it is compared; no longer than the name of somebody can be. */
function foldedName(username: string): string {
  const folded = hasOnlyAssignedCharacters(username) ? foldText(username) : null;
  if (folded === null || countCharacters(folded) > limits.username_characters_max) {
    throw noSuchPerson(username);
  }
  return folded;
}

function noSuchPerson(name: string): ProblemError {
  const detail = `One of the participants does not exist: ${name}.`;
  return new ProblemError({ code: 'not_found', detail });
}
