import { z } from 'zod';
import { instant_out_schema } from '../present/time-schema.ts';

export const live_ticket_schema = z.object({
  ticket: z.string().meta({ description: 'For the subprotocol `ticket.<ticket>` of /ws.' }),
  expires_at: instant_out_schema,
});
