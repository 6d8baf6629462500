import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

/** A person as everybody sees them. */
export const user_out_schema = z.object({
  id: z.string(),
  username: z.string(),
  display_name: z.string(),
  created_at: instant_out_schema,
  updated_at: instant_out_schema,
});
export type UserOut = z.infer<typeof user_out_schema>;

/** A person as only they see themselves. */
export const self_out_schema = z.object({
  ...user_out_schema.shape,
  email: z.string(),
  time_zone: z.string().meta({ description: 'IANA name.' }),
  locale: z.string().meta({ description: 'BCP 47.' }),
  share_busy: z.boolean(),
});
export type SelfOut = z.infer<typeof self_out_schema>;

export const self_with_token_schema = z.object({
  user: self_out_schema,
  token: z.string().meta({ description: 'For `Authorization: Bearer`.' }),
});
export type SelfWithToken = z.infer<typeof self_with_token_schema>;

export const user_list_schema = listSchema(user_out_schema);
