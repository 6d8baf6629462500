import { z } from 'zod';
import type { Instant } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { limitSchema } from '../limit-schema.ts';
import { sealedCharacters } from '../sealed-cursor.ts';
import { countCharacters } from '../text-schema.ts';
import { instant_schema } from './schema.ts';

const NOT_A_CURSOR = 'must be the next_cursor of an answer';
const cursor_schema = z.string().max(64, NOT_A_CURSOR).optional();
/** Of a place in the order of several agendas: start, key, agenda. */
const sealed_cursor_schema = z.string().max(sealedCharacters(3), NOT_A_CURSOR).optional();

const limit = limitSchema(limits.list_items_default, limits.list_items_max);

/** What an agenda leaves out otherwise: any of two kinds. */
function includeSchema(one: string, other: string) {
  return z
    .string()
    .refine((text) => text.split(',').every((kind) => kind === one || kind === other), {
      error: `must be ${one}, ${other}, or both with a comma`,
    })
    .meta({ examples: [other, `${one},${other}`] })
    .transform((text): ReadonlySet<string> => new Set(text.split(',')))
    .default(new Set<string>());
}

/** The same moment of a later year in UTC; the first of March for a day that the year lacks. */
function yearsAfter(instant: Instant, years: number): Instant {
  const date = new Date(instant);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

function rangeComplaint({ start, end }: { start: Instant; end: Instant }): string | null {
  if (end <= start) return 'must be after start';
  if (end <= yearsAfter(start, limits.agenda_span_years_max)) return null;
  return 'must be at most five years after start';
}

const agenda_range = {
  start: instant_schema,
  end: instant_schema,
};
const agenda_limit = limitSchema(limits.agenda_items_max, limits.agenda_items_max);

export const agenda_query_schema = z
  .strictObject({
    ...agenda_range,
    include: includeSchema('declined', 'cancelled'),
    limit: agenda_limit,
    cursor: cursor_schema,
  })
  .superRefine((query, context) => {
    const message = rangeComplaint(query);
    if (message !== null) context.addIssue({ code: 'custom', path: ['end'], message });
  });
export type AgendaQuery = z.infer<typeof agenda_query_schema>;

export const group_agenda_query_schema = z
  .strictObject({
    ...agenda_range,
    include: includeSchema('cancelled', 'busy'),
    limit: agenda_limit,
    cursor: sealed_cursor_schema,
  })
  .superRefine((query, context) => {
    const message = rangeComplaint(query);
    if (message !== null) context.addIssue({ code: 'custom', path: ['end'], message });
  });
export type GroupAgendaQuery = z.infer<typeof group_agenda_query_schema>;

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
    limit,
    cursor: sealed_cursor_schema,
  })
  .refine(({ start, end }) => end > start, { path: ['end'], error: 'must be after start' });
export type SearchQuery = z.infer<typeof search_query_schema>;

export const page_query_schema = z.strictObject({ limit, cursor: cursor_schema });
export type PageQuery = z.infer<typeof page_query_schema>;
