import { z } from 'zod';
import type { NamedPerson } from '../agenda/command.ts';
import { parseId } from '../agenda/id.ts';
import { limits } from '../limits.ts';
import { foldText, hasOnlyAssignedCharacters } from './fold.ts';
import { id_schema } from './id-schema.ts';
import { countCharacters } from './text-schema.ts';

/** Fields that name a person, by one of the two. */
export const named_person_fields = {
  username: z
    .string('must be text')
    .max(limits.username_characters_max * 2, 'is longer than usernames are')
    .optional(),
  user_id: id_schema.optional(),
};

export const NAME_ONE_PERSON = 'must name a person, by username or by user_id';
export const name_one_person = { oneOf: [{ required: ['username'] }, { required: ['user_id'] }] };

interface Naming {
  readonly username?: string | undefined;
  readonly user_id?: string | undefined;
}

export function namesOnePerson({ username, user_id }: Naming): boolean {
  return (username === undefined) !== (user_id === undefined);
}

/**
 * Who is named, as commands name them; null: nobody can be. A name with characters that the pinned Unicode
 * version lacks is one of these: it cannot be folded alike everywhere, and nobody has it.
 */
export function namedPerson({ username, user_id }: Naming): NamedPerson | null {
  if (user_id !== undefined) {
    const user_key = parseId('usr', user_id);
    return user_key === null ? null : { user_key, username_folded: null };
  }
  if (username === undefined || !hasOnlyAssignedCharacters(username)) return null;
  const username_folded = foldText(username);
  if (countCharacters(username_folded) > limits.username_characters_max) return null;
  return { user_key: null, username_folded };
}
