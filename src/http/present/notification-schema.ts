import { z } from 'zod';
import type { NotificationType } from '../../agenda/model.ts';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

/** A type that is missing here is refused by the compiler. */
const notification_types: { readonly [T in NotificationType]: T } = {
  group_created: 'group_created',
  group_member_added: 'group_member_added',
  group_member_removed: 'group_member_removed',
  rank_changed: 'rank_changed',
  invited: 'invited',
  placed: 'placed',
  invitation_accepted: 'invitation_accepted',
  invitation_declined: 'invitation_declined',
  appointment_updated: 'appointment_updated',
  appointment_moved: 'appointment_moved',
  appointment_cancelled: 'appointment_cancelled',
  post_created: 'post_created',
};

/** Ids of what it is about, those that there are; and names, as far as its reader may see them now. */
const payload_schema = z.object({
  actor_id: z.string().optional().meta({ description: 'Who did it.' }),
  actor_username: z.string().optional(),
  user_id: z.string().optional().meta({ description: 'Whom it is about.' }),
  username: z.string().optional(),
  group_id: z.string().optional(),
  group_name: z.string().optional(),
  appointment_id: z.string().optional(),
  appointment_title: z.string().optional(),
  proposal_id: z.string().optional(),
  post_id: z.string().optional(),
});
export type NotificationPayload = z.infer<typeof payload_schema>;

/** "Notification" of the contract. */
export const notification_out_schema = z.object({
  id: z.string(),
  user_id: z.string(),
  type: z.enum(notification_types),
  payload: payload_schema,
  read_at: instant_out_schema.optional(),
  created_at: instant_out_schema,
});
export type NotificationOut = z.infer<typeof notification_out_schema>;

export const notification_list_schema = listSchema(notification_out_schema);

export const unread_list_schema = notification_list_schema.extend({
  unread_count: z.int().nonnegative().meta({ description: 'Of all pages.' }),
});

export const read_all_schema = z.object({ read_count: z.int().nonnegative() });
