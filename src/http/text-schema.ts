import { z } from 'zod';

const lone_surrogate = /\p{Surrogate}/u;
const control_character = /\p{Control}/u;
const control_character_but_line_breaks = /[^\P{Control}\t\n\r]/u;

/** How many characters (code points) a text has. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Text for people: well-formed Unicode of bounded length without control characters. */
export function textSchema(bounds: { min: number; max: number; is_multiline?: boolean }) {
  const { min, max, is_multiline = false } = bounds;
  const forbidden = is_multiline ? control_character_but_line_breaks : control_character;
  const wanted = min === 0 ? `at most ${max} characters` : `${min} to ${max} characters`;
  return z
    .string('must be text')
    .refine((text) => text.length >= min && (text.length <= max || countCharacters(text) <= max), {
      error: `must have ${wanted}`,
    })
    .refine((text) => !lone_surrogate.test(text), { error: 'must be well-formed Unicode' })
    .refine((text) => !forbidden.test(text), { error: 'must not have control characters' })
    .meta({ minLength: min, maxLength: max });
}
