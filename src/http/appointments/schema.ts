import { z } from 'zod';
import { limits } from '../../limits.ts';
import { parseInstant } from '../instant.ts';
import { textSchema } from '../text-schema.ts';
import { isTimeZone } from '../time-zone.ts';

const NOT_AN_INSTANT = 'must be a time of RFC 3339, like 2026-11-20T15:00:00Z';
const YES_OR_NO = 'must be true or false';
const WRONG_LIMIT = `must be a number from 1 to ${limits.agenda_items_max}`;

const instant_schema = z.string(NOT_AN_INSTANT).transform((text, context) => {
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
  });

const NOT_A_DATE = 'must be a date, like 2026-11-20: the appointment is all-day';

/** What a time must be depends on `all_day`: an instant, or a date (its first instant in UTC). */
const time_schema = z.string(NOT_AN_INSTANT).transform((text, context) => {
  const is_date = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const instant = parseInstant(is_date ? `${text}T00:00:00Z` : text);
  if (instant !== null) return { instant, is_date };
  context.addIssue({ code: 'custom', message: NOT_AN_INSTANT });
  return z.NEVER;
});

export const create_appointment_schema = z
  .strictObject({
    title: textSchema({ min: 1, max: limits.title_characters_max }),
    description: textSchema({
      min: 0,
      max: limits.description_characters_max,
      is_multiline: true,
    }).default(''),
    start: time_schema,
    end: time_schema,
    all_day: z.boolean(YES_OR_NO).default(false),
    time_zone: z
      .string('must be text')
      .refine(isTimeZone, { error: 'must be an IANA time zone, like Europe/Madrid' })
      .optional(),
    privacy: z.enum(['full', 'freebusy'], 'must be "full" or "freebusy"').default('full'),
    busy: z.boolean(YES_OR_NO).optional(),
    calendar_id: id_schema.optional(),
    group_id: id_schema.nullable().optional(),
    participants: z.array(participant_schema).max(limits.participants_max).default([]),
    follow_group: z.boolean(YES_OR_NO).default(true),
    allow_conflict: z.boolean(YES_OR_NO).default(false),
    rrule: z.unknown().optional(),
  })
  .transform((body, context) => {
    const message = body.all_day ? NOT_A_DATE : NOT_AN_INSTANT;
    for (const field of ['start', 'end'] as const) {
      if (body[field].is_date === body.all_day) continue;
      context.addIssue({ code: 'custom', path: [field], message });
    }
    const [start, end] = [body.start.instant, body.end.instant];
    if (end <= start) {
      context.addIssue({ code: 'custom', path: ['end'], message: 'must be after start' });
    }
    return { ...body, start, end };
  });
export type CreateAppointmentBody = z.infer<typeof create_appointment_schema>;

/** `include` names what is left out otherwise; nobody can decline or cancel yet, so it adds nothing. */
const include_schema = z
  .string()
  .refine((text) => text.split(',').every((kind) => kind === 'declined' || kind === 'cancelled'), {
    error: 'must be declined, cancelled, or both with a comma',
  });

export const agenda_query_schema = z
  .strictObject({
    start: instant_schema,
    end: instant_schema,
    include: include_schema.optional(),
    limit: z
      .string()
      .regex(/^[1-9]\d{0,5}$/, WRONG_LIMIT)
      .transform(Number)
      .refine((limit) => limit <= limits.agenda_items_max, { error: WRONG_LIMIT })
      .default(limits.agenda_items_max),
    cursor: z.string().max(64).optional(),
  })
  .superRefine(({ start, end }, context) => {
    const message =
      end <= start
        ? 'must be after start'
        : end - start > limits.agenda_span_ms_max
          ? 'must be at most five years after start'
          : null;
    if (message !== null) context.addIssue({ code: 'custom', path: ['end'], message });
  });
export type AgendaQuery = z.infer<typeof agenda_query_schema>;
