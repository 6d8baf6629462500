import { z } from 'zod';
import { limits } from '../../limits.ts';
import { foldText, hasOnlyAssignedCharacters } from '../fold.ts';
import { limitSchema } from '../limit-schema.ts';
import { isCommonPassword } from '../passwords.ts';
import { countCharacters, textSchema } from '../text-schema.ts';
import { isTimeZone } from '../time-zone.ts';

const not_in_names = /[\s\p{Control}\p{Default_Ignorable_Code_Point}@]/u;

export const username_schema = z
  .string('must be text')
  .superRefine((username, context) => {
    const complaint = complaintAboutUsername(username);
    if (complaint !== null) context.addIssue({ code: 'custom', message: complaint });
  })
  .meta({ minLength: limits.username_characters_min, maxLength: limits.username_characters_max });

/** Judged as typed and as compared: what looks harmless may fold to something else. */
function complaintAboutUsername(username: string): string | null {
  const { username_characters_min: min, username_characters_max: max } = limits;
  const wrong_length = `must have ${min} to ${max} characters`;
  if (username.length > 2 * max || countCharacters(username) > max) return wrong_length;
  if (!hasOnlyAssignedCharacters(username)) return 'has a character that Unicode 14.0 lacks';
  const folded = foldText(username);
  if (countCharacters(username) < min || countCharacters(folded) < min) return wrong_length;
  if (countCharacters(folded) > max) return wrong_length;
  if (not_in_names.test(username) || not_in_names.test(folded)) {
    return 'must not have spaces, invisible characters or "@"';
  }
  return null;
}

const looks_like_email =
  /^[^\s@"\\\p{Control}\p{Default_Ignorable_Code_Point}]+@[^\s@"\\\p{Control}\p{Default_Ignorable_Code_Point}]+$/u;

export const email_schema = z
  .string('must be text')
  .refine((email) => Buffer.byteLength(email) <= limits.email_bytes_max, {
    error: `must have at most ${limits.email_bytes_max} bytes`,
  })
  .refine((email) => hasOnlyAssignedCharacters(email) && looks_like_email.test(foldText(email)), {
    error: 'must be an e-mail address, like ana@example.org',
  })
  .meta({ format: 'email', maxLength: limits.email_bytes_max });

/** For a password that is chosen. What is wrong with it is told, the password never. */
const new_password_schema = z
  .string('must be text')
  .superRefine((password, context) => {
    const { password_characters_min: min, password_characters_max: max } = limits;
    const length = countCharacters(password);
    if (length < min || length > max) {
      context.addIssue({ code: 'custom', message: `must have ${min} to ${max} characters` });
    } else if (isCommonPassword(password)) {
      context.addIssue({ code: 'custom', message: 'is one of the most used ones; choose another' });
    }
  })
  .meta({ minLength: limits.password_characters_min, maxLength: limits.password_characters_max });

export const display_name_schema = textSchema({ min: 1, max: limits.display_name_characters_max });

export const register_schema = z
  .strictObject({
    username: username_schema,
    email: email_schema,
    password: new_password_schema,
    display_name: display_name_schema.optional(),
    /** The name of `display_name` in older clients. */
    name: display_name_schema.optional(),
  })
  .superRefine((body, context) => {
    if ((body.display_name === undefined) === (body.name === undefined)) {
      const message = 'is required, as display_name or as name, once';
      context.addIssue({ code: 'custom', path: ['display_name'], message });
    }
  })
  .meta({ oneOf: [{ required: ['display_name'] }, { required: ['name'] }] });
export type RegisterBody = z.infer<typeof register_schema>;

/** Nothing here tells what usernames and passwords look like: what is wrong is simply refused. */
export const login_schema = z.strictObject({
  username: z.string('must be text').max(limits.email_bytes_max, 'is too long'),
  password: z.string('must be text').max(4 * limits.password_characters_max, 'is too long'),
});
export type LoginBody = z.infer<typeof login_schema>;

/** In the form that BCP 47 calls canonical, like `es-ES`; null: it is no language tag. */
function canonicalLocale(tag: string): string | null {
  if (tag.length > limits.locale_characters_max) return null;
  try {
    const [canonical = ''] = Intl.getCanonicalLocales(tag);
    return canonical === '' || canonical.length > limits.locale_characters_max ? null : canonical;
  } catch {
    return null;
  }
}

const NOT_A_LOCALE = 'must be a language tag of BCP 47, like es-ES';

/** What is left out stays. */
export const profile_schema = z.strictObject({
  display_name: display_name_schema.optional(),
  email: email_schema.optional(),
  time_zone: z
    .string('must be text')
    .refine(isTimeZone, { error: 'must be an IANA time zone, like Europe/Madrid' })
    .meta({ examples: ['Europe/Madrid', 'UTC'] })
    .optional(),
  locale: z
    .string(NOT_A_LOCALE)
    .meta({ examples: ['es-ES', 'en'] })
    .transform((tag, context) => {
      const locale = canonicalLocale(tag);
      if (locale !== null) return locale;
      context.addIssue({ code: 'custom', message: NOT_A_LOCALE });
      return z.NEVER;
    })
    .optional(),
  share_busy: z.boolean('must be true or false').optional(),
});
export type ProfileBody = z.infer<typeof profile_schema>;

export const password_schema = z.strictObject({
  current_password: login_schema.shape.password,
  new_password: new_password_schema,
});
export type PasswordBody = z.infer<typeof password_schema>;

export const user_search_schema = z.strictObject({
  query: z
    .string('must be given')
    .trim()
    .refine((text) => text !== '' && countCharacters(text) <= limits.user_search_characters_max, {
      error: `must have 1 to ${limits.user_search_characters_max} characters`,
    })
    .meta({ minLength: 1 }),
  limit: limitSchema(limits.user_search_items_default, limits.user_search_items_max),
  cursor: z.string().max(512).optional(),
});
export type UserSearchQuery = z.infer<typeof user_search_schema>;
