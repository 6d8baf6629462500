import { z } from 'zod';
import { limits } from '../../limits.ts';
import { parseInstant } from '../instant.ts';
import { textSchema } from '../text-schema.ts';
import { isTimeZone } from '../time-zone.ts';

export const NOT_AN_INSTANT = 'must be a time of RFC 3339, like 2026-11-20T15:00:00Z';
export const NOT_A_DATE = 'must be a date, like 2026-11-20: the appointment is all-day';
const YES_OR_NO = 'must be true or false';

export const instant_schema = z
  .string(NOT_AN_INSTANT)
  .meta({ format: 'date-time' })
  .transform((text, context) => {
    const instant = parseInstant(text);
    if (instant !== null) return instant;
    context.addIssue({ code: 'custom', message: NOT_AN_INSTANT });
    return z.NEVER;
  });

const id_schema = z.string('must be an id').max(64, 'must be an id');

const participant_schema = z
  .strictObject({
    username: z
      .string('must be text')
      .max(limits.username_characters_max * 2)
      .optional(),
    user_id: id_schema.optional(),
    is_optional: z.boolean(YES_OR_NO).optional(),
  })
  .refine((named) => (named.username === undefined) !== (named.user_id === undefined), {
    error: 'must name a person, by username or by user_id',
  })
  .meta({ oneOf: [{ required: ['username'] }, { required: ['user_id'] }] });

/** A moment of an appointment: a time, or a date in the appointment's zone. */
export type Moment =
  | { readonly date: null; readonly instant: number }
  /** `instant`: what orders dates; its first instant in UTC. */
  | { readonly date: string; readonly instant: number };

/** Which of the two it must be depends on `all_day`. */
const moment_schema = z
  .string(NOT_AN_INSTANT)
  .meta({ anyOf: [{ format: 'date-time' }, { format: 'date' }] })
  .transform((text, context): Moment => {
    const is_date = /^\d{4}-\d{2}-\d{2}$/.test(text);
    const instant = parseInstant(is_date ? `${text}T00:00:00Z` : text);
    if (instant !== null) return is_date ? { date: text, instant } : { date: null, instant };
    context.addIssue({ code: 'custom', message: NOT_AN_INSTANT });
    return z.NEVER;
  });

const fields = {
  title: textSchema({ min: 1, max: limits.title_characters_max }),
  description: textSchema({
    min: 0,
    max: limits.description_characters_max,
    is_multiline: true,
  }),
  start: moment_schema,
  end: moment_schema,
  all_day: z.boolean(YES_OR_NO),
  time_zone: z
    .string('must be text')
    .refine(isTimeZone, { error: 'must be an IANA time zone, like Europe/Madrid' })
    .meta({ examples: ['Europe/Madrid', 'UTC'] }),
  privacy: z.enum(['full', 'freebusy'], 'must be "full" or "freebusy"'),
  busy: z.boolean(YES_OR_NO),
  calendar_id: id_schema,
  group_id: id_schema.nullable(),
  participants: z
    .array(participant_schema, 'must be a list of people')
    .max(limits.participants_max, `may name ${limits.participants_max} people`),
  follow_group: z.boolean(YES_OR_NO),
  allow_conflict: z.boolean(YES_OR_NO),
  rrule: z.unknown().meta({ description: 'Recurrence: not supported yet.' }),
};

/** "Appointment in" of the contract, whole. */
export const appointment_schema = z
  .strictObject({
    ...fields,
    description: fields.description.default(''),
    all_day: fields.all_day.default(false),
    time_zone: fields.time_zone.optional(),
    privacy: fields.privacy.default('full'),
    busy: fields.busy.optional(),
    calendar_id: fields.calendar_id.optional(),
    group_id: fields.group_id.optional(),
    participants: fields.participants.default([]),
    follow_group: fields.follow_group.default(true),
    allow_conflict: fields.allow_conflict.default(false),
    rrule: fields.rrule.optional(),
  })
  .superRefine((body, context) => {
    const message = body.all_day ? NOT_A_DATE : NOT_AN_INSTANT;
    let is_fitting = true;
    for (const field of ['start', 'end'] as const) {
      if ((body[field].date !== null) === body.all_day) continue;
      context.addIssue({ code: 'custom', path: [field], message });
      is_fitting = false;
    }
    if (is_fitting && body.end.instant <= body.start.instant) {
      context.addIssue({ code: 'custom', path: ['end'], message: 'must be after start' });
    }
  });
export type AppointmentBody = z.infer<typeof appointment_schema>;

/**
 * A patch of it (RFC 7396): what is there is replaced, null stands for the default. What can be judged
 * without the appointment is judged here; the rest when the two are put together.
 */
export const appointment_patch_schema = z.strictObject({
  title: fields.title.optional(),
  description: fields.description.nullable().optional(),
  start: fields.start.optional(),
  end: fields.end.optional(),
  all_day: fields.all_day.nullable().optional(),
  time_zone: fields.time_zone.nullable().optional(),
  privacy: fields.privacy.nullable().optional(),
  busy: fields.busy.nullable().optional(),
  calendar_id: fields.calendar_id.nullable().optional(),
  group_id: fields.group_id.optional(),
  participants: fields.participants.nullable().optional(),
  follow_group: fields.follow_group.nullable().optional(),
  allow_conflict: fields.allow_conflict.nullable().optional(),
  rrule: fields.rrule.optional(),
});
export type AppointmentPatch = z.infer<typeof appointment_patch_schema>;

export const restore_schema = z.strictObject({
  allow_conflict: fields.allow_conflict.default(false),
});
export type RestoreBody = z.infer<typeof restore_schema>;

const note = textSchema({ min: 1, max: limits.note_characters_max, is_multiline: true });

/** An answer to an invitation. */
export const answer_schema = z.strictObject({
  sequence: z.int('must be a whole number').min(0, 'must not be negative').optional(),
  note: note.optional(),
});
export type AnswerBody = z.infer<typeof answer_schema>;

export const objection_schema = z.strictObject({ note });
export type ObjectionBody = z.infer<typeof objection_schema>;

/** Another time: of the kind that the appointment has. */
export const proposal_schema = z
  .strictObject({ start: fields.start, end: fields.end, note: note.optional() })
  .superRefine(({ start, end }, context) => {
    const message =
      (start.date === null) !== (end.date === null)
        ? 'must be a date when start is one, else a time'
        : end.instant <= start.instant
          ? 'must be after start'
          : null;
    if (message !== null) context.addIssue({ code: 'custom', path: ['end'], message });
  });
export type ProposalBody = z.infer<typeof proposal_schema>;

export const proposal_acceptance_schema = z.strictObject({
  allow_conflict: fields.allow_conflict.default(false),
});
export type ProposalAcceptanceBody = z.infer<typeof proposal_acceptance_schema>;
