import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

const rank_schema = z.int().nonnegative();

/** "Group" of the contract. */
export const group_out_schema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  group_type: z.enum(['hierarchical', 'non_hierarchical']),
  creator_id: z.string(),
  creator_username: z.string(),
  my_rank: rank_schema.meta({ description: 'A higher one is above a lower one.' }),
  version: z.int().positive(),
  created_at: instant_out_schema,
  updated_at: instant_out_schema,
});
export type GroupOut = z.infer<typeof group_out_schema>;

/** "Member" of the contract. */
export const member_out_schema = z.object({
  group_id: z.string(),
  user_id: z.string(),
  username: z.string(),
  display_name: z.string(),
  rank: rank_schema,
  added_by: z.string(),
  joined_at: instant_out_schema,
  version: z.int().positive(),
});
export type MemberOut = z.infer<typeof member_out_schema>;

export const group_list_schema = listSchema(group_out_schema);

/** How one group reads. */
export const group_with_members_schema = z.object({
  group: group_out_schema,
  members: z.array(member_out_schema).meta({ description: 'The longest in it first.' }),
});
