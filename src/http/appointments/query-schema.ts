import { z } from 'zod';
import type { Instant } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { limitSchema } from '../limit-schema.ts';
import { countCharacters } from '../text-schema.ts';
import { instant_schema } from './schema.ts';

const cursor_schema = z.string().max(64, 'must be the next_cursor of an answer').optional();

const page = {
  limit: limitSchema(limits.list_items_default, limits.list_items_max),
  cursor: cursor_schema,
};

/** What an agenda leaves out otherwise. */
const include_schema = z
  .string()
  .refine((text) => text.split(',').every((kind) => kind === 'declined' || kind === 'cancelled'), {
    error: 'must be declined, cancelled, or both with a comma',
  })
  .meta({ examples: ['cancelled', 'declined,cancelled'] })
  .transform((text): ReadonlySet<string> => new Set(text.split(',')))
  .default(new Set<string>());

/** The same moment of a later year in UTC; the first of March for a day that the year lacks. */
function yearsAfter(instant: Instant, years: number): Instant {
  const date = new Date(instant);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

export const agenda_query_schema = z
  .strictObject({
    start: instant_schema,
    end: instant_schema,
    include: include_schema,
    limit: limitSchema(limits.agenda_items_max, limits.agenda_items_max),
    cursor: cursor_schema,
  })
  .superRefine(({ start, end }, context) => {
    const message =
      end <= start
        ? 'must be after start'
        : end > yearsAfter(start, limits.agenda_span_years_max)
          ? 'must be at most five years after start'
          : null;
    if (message !== null) context.addIssue({ code: 'custom', path: ['end'], message });
  });
export type AgendaQuery = z.infer<typeof agenda_query_schema>;

const { search_query_characters_max } = limits;

/** Without start or end: from ever, for ever. */
export const search_query_schema = z
  .strictObject({
    query: z
      .string('must be text')
      .meta({ minLength: 1 })
      .transform((text) => text.trim())
      .refine((text) => text !== '' && countCharacters(text) <= search_query_characters_max, {
        error: `must have 1 to ${search_query_characters_max} characters`,
      }),
    start: instant_schema.default(Number.MIN_SAFE_INTEGER / 2),
    end: instant_schema.default(Number.MAX_SAFE_INTEGER / 2),
    ...page,
  })
  .refine(({ start, end }) => end > start, { path: ['end'], error: 'must be after start' });
export type SearchQuery = z.infer<typeof search_query_schema>;

export const participants_query_schema = z.strictObject(page);
