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

export function tooManyMemberships(view: RulesView, user_key: Key): Refusal | null {
  if (view.groups.membershipCount(user_key) < limits.memberships_max) return null;
  const detail = `A person can be in at most ${limits.memberships_max} groups.`;
  return { code: 'too_large', detail };
}

export function wrongField(field: string, detail: string): Refusal {
  return { code: 'invalid_request', detail: `${field}: ${detail}`, errors: [{ field, detail }] };
}
