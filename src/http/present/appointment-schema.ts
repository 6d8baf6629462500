import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { participant_out_schema, participation_schema } from './participant-schema.ts';
import { instant_out_schema, moment_out_schema } from './time-schema.ts';

/** "Appointment out" of the contract. */
export const appointment_out_schema = z.object({
  id: z.string(),
  uid: z.string().meta({ description: 'That of iCalendar; it stays.' }),
  title: z.string(),
  description: z.string(),
  owner_id: z.string(),
  group_id: z.string().nullable(),
  calendar_id: z.string(),
  start: moment_out_schema,
  end: moment_out_schema,
  all_day: z.boolean(),
  time_zone: z.string().meta({ description: 'IANA name.' }),
  privacy: z.enum(['full', 'freebusy']),
  busy: z.boolean(),
  status: z.enum(['pending', 'accepted', 'declined', 'cancelled']),
  sequence: z.int().nonnegative(),
  version: z.int().positive(),
  origin_node: z.string(),
  created_at: instant_out_schema,
  updated_at: instant_out_schema,
  my_status: participation_schema.optional(),
});
export type AppointmentOut = z.infer<typeof appointment_out_schema>;

export const appointment_list_schema = listSchema(appointment_out_schema);

/** How one appointment reads. */
export const appointment_with_participants_schema = z.object({
  appointment: appointment_out_schema,
  participants: z.array(participant_out_schema),
});

/** A personal one is answered by itself, one of a group or with people with those who are on it. */
export const created_appointment_schema = z.union([
  appointment_out_schema,
  appointment_with_participants_schema,
]);
