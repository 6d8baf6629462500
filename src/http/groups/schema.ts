import { z } from 'zod';
import { limits } from '../../limits.ts';
import { id_schema } from '../id-schema.ts';
import {
  NAME_ONE_PERSON,
  name_one_person,
  named_person_fields,
  namesOnePerson,
} from '../named-person.ts';
import { textSchema } from '../text-schema.ts';

const texts = {
  name: textSchema({ min: 1, max: limits.group_name_characters_max }),
  description: textSchema({
    min: 0,
    max: limits.group_description_characters_max,
    is_multiline: true,
  }).default(''),
};

const group_type_schema = z.enum(
  ['hierarchical', 'non_hierarchical'],
  'must be "hierarchical" or "non_hierarchical"',
);

export const group_schema = z.strictObject({ ...texts, group_type: group_type_schema });
export type GroupBody = z.infer<typeof group_schema>;

/** Replaces; the type never changes, so it may be left out, or be the one it has. */
export const group_change_schema = z.strictObject({
  ...texts,
  group_type: group_type_schema.optional(),
});
export type GroupChangeBody = z.infer<typeof group_change_schema>;

const RANK = `must be a whole number from 0 to ${limits.rank_max}`;
const rank_schema = z.int(RANK).min(0, RANK).max(limits.rank_max, RANK);

/** Whether there is to be a rank depends on the group: apply judges that. */
export const new_member_schema = z
  .strictObject({ ...named_person_fields, rank: rank_schema.optional() })
  .refine(namesOnePerson, { path: ['username'], error: NAME_ONE_PERSON })
  .meta(name_one_person);
export type NewMemberBody = z.infer<typeof new_member_schema>;

export const rank_change_schema = z.strictObject({ rank: rank_schema });
export type RankChangeBody = z.infer<typeof rank_change_schema>;

export const creator_schema = z.strictObject({ user_id: id_schema });
export type CreatorBody = z.infer<typeof creator_schema>;
