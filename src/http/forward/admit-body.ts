import { z } from 'zod';
import type { AppendAudit, CommandBody, Consequence, ContinueWork } from '../../agenda/command.ts';
import { limits } from '../../limits.ts';
import { foldText } from '../fold.ts';
import { isOurPasswordHash } from '../passwords.ts';
import { textSchema } from '../text-schema.ts';
import { isTimeZone } from '../time-zone.ts';
import { answer_schemas, group_schemas, message_schemas } from './admit-people.ts';
import { hasWritableTimes, if_match, key, named_person, times } from './admitted-fields.ts';
import { display_name_schema, email_schema, username_schema } from '../users/schema.ts';

/** Commands that users may make. */
export type AdmittedBody = Exclude<CommandBody, Consequence | ContinueWork | AppendAudit>;

/** A kind that is missing here is refused by the compiler. */
type BodySchemas = {
  readonly [K in AdmittedBody['kind']]: z.ZodType<Extract<AdmittedBody, { kind: K }>>;
};

const ERROR_CHARACTERS_MAX = 1_000;

const password_hash = z.string().refine(isOurPasswordHash);
const time_zone = z.string().refine(isTimeZone);
const locale = z.string().min(1).max(limits.locale_characters_max);
/** What it holds is not used. */
const folded = z.string().nullable();

const user_schemas = {
  'user.register': z
    .strictObject({
      kind: z.literal('user.register'),
      username: username_schema,
      username_folded: folded,
      email: email_schema,
      email_folded: folded,
      display_name: display_name_schema,
      display_name_folded: folded,
      password_hash,
      time_zone,
      locale,
    })
    .transform((body) => ({
      ...body,
      username_folded: foldText(body.username),
      email_folded: foldText(body.email),
      display_name_folded: foldText(body.display_name),
    })),
  'user.update_profile': z
    .strictObject({
      kind: z.literal('user.update_profile'),
      if_match,
      display_name: display_name_schema.nullable(),
      display_name_folded: folded,
      email: email_schema.nullable(),
      email_folded: folded,
      time_zone: time_zone.nullable(),
      locale: locale.nullable(),
      share_busy: z.boolean().nullable(),
    })
    .transform((body) => ({
      ...body,
      display_name_folded: body.display_name === null ? null : foldText(body.display_name),
      email_folded: body.email === null ? null : foldText(body.email),
    })),
  'user.change_password': z.strictObject({
    kind: z.literal('user.change_password'),
    if_match,
    password_hash,
  }),
  'user.log_out': z.strictObject({ kind: z.literal('user.log_out') }),
};

const appointment_fields = {
  title: textSchema({ min: 1, max: limits.title_characters_max }),
  description: textSchema({ min: 0, max: limits.description_characters_max, is_multiline: true }),
  ...times,
  privacy: z.enum(['full', 'freebusy']),
  busy: z.boolean(),
  calendar_key: key.nullable(),
};
const changed_appointment = { appointment_key: key, if_match };
const allow_conflict = z.boolean();
const participants = z
  .array(z.strictObject({ ...named_person, is_optional: z.boolean() }))
  .max(limits.participants_max);
const field_error = z.strictObject({
  field: z.string().max(ERROR_CHARACTERS_MAX),
  detail: z.string().max(ERROR_CHARACTERS_MAX),
});

const appointment_schemas = {
  'appointment.create': z
    .strictObject({
      kind: z.literal('appointment.create'),
      ...appointment_fields,
      group_key: key.nullable(),
      participants,
      follow_group: z.boolean(),
      allow_conflict,
    })
    .refine(hasWritableTimes),
  'appointment.update': z
    .strictObject({
      kind: z.literal('appointment.update'),
      ...changed_appointment,
      computed_from: key.nullable(),
      fields: z.strictObject(appointment_fields).refine(hasWritableTimes).nullable(),
      group_key: key.nullable(),
      participants: participants.nullable(),
      follow_group: z.boolean().nullable(),
      wrong: z.array(field_error).max(limits.problem_errors_max),
      allow_conflict,
    })
    .refine((body) => (body.fields === null) === body.wrong.length > 0),
  'appointment.cancel': z.strictObject({
    kind: z.literal('appointment.cancel'),
    ...changed_appointment,
  }),
  'appointment.restore': z.strictObject({
    kind: z.literal('appointment.restore'),
    ...changed_appointment,
    allow_conflict,
  }),
};

/** The bounds of the routes once more, for the form that commands have. Folded names are made anew. */
const body_schemas: BodySchemas = {
  ...user_schemas,
  ...appointment_schemas,
  ...answer_schemas,
  ...group_schemas,
  ...message_schemas,
};

/** The body of a command as this replica would let it pass; null: it would not. */
export function admitBody(body: { readonly kind: string }): AdmittedBody | null {
  const { kind } = body;
  if (!Object.hasOwn(body_schemas, kind)) return null;
  const schema: z.ZodType<AdmittedBody> = body_schemas[kind as AdmittedBody['kind']];
  const admitted = schema.safeParse(body);
  return admitted.success ? admitted.data : null;
}
