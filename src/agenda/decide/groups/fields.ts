import { limits } from '../../../limits.ts';
import type { Key } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';

/** What is wrong with what a group is called; null: nothing. */
export function wrongText(body: {
  readonly name: string;
  readonly description: string;
}): Refusal | null {
  const { group_name_characters_max, group_description_characters_max } = limits;
  if (body.name === '' || Array.from(body.name).length > group_name_characters_max) {
    return wrongField('name', `must have 1 to ${group_name_characters_max} characters`);
  }
  if (Array.from(body.description).length > group_description_characters_max) {
    const detail = `must have at most ${group_description_characters_max} characters`;
    return wrongField('description', detail);
  }
  return null;
}

/** Null: somebody may create one more. What others add them to does not count. */
export function tooManyCreated(view: RulesView, user_key: Key): Refusal | null {
  const { created_memberships_max } = limits;
  if (view.groups.createdMembershipCount(user_key) < created_memberships_max) return null;
  const detail = `You can be in at most ${created_memberships_max} groups that you created.`;
  return { code: 'too_large', detail };
}

/** Null: others may add somebody to one more. In how many they are is not for those to know. */
export function tooManyAdded(view: RulesView, user_key: Key): Refusal | null {
  if (view.groups.addedMembershipCount(user_key) < limits.added_memberships_max) return null;
  return { code: 'too_large', detail: 'This person cannot be added to more groups now.' };
}

export function wrongField(field: string, detail: string): Refusal {
  return { code: 'invalid_request', detail: `${field}: ${detail}`, errors: [{ field, detail }] };
}
