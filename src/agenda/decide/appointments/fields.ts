import { must } from '../../../base/assert.ts';
import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import { limits } from '../../../limits.ts';
import type { AppointmentFields } from '../../command.ts';
import type { Calendar, Key, User } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { wallDay } from '../../wall-clock.ts';

/** Offsets of all zones there ever were are smaller. */
const OFFSET_S_MAX = 24 * 60 * 60;

type Times = Pick<
  AppointmentFields,
  'start' | 'end' | 'start_offset_s' | 'end_offset_s' | 'all_day'
>;

/** What is wrong with when it is; null: nothing. */
export function wrongTimes(fields: Times): Refusal | null {
  if (fields.end <= fields.start) return wrongField('end', 'must be after start');
  const { start_offset_s, end_offset_s } = fields;
  if (Math.max(Math.abs(start_offset_s), Math.abs(end_offset_s)) > OFFSET_S_MAX) {
    return wrongField('time_zone', 'must be a time zone of this world');
  }
  const [first_day, last_day] = [
    wallDay(fields.start, start_offset_s),
    wallDay(fields.end, end_offset_s),
  ];
  if (fields.all_day && last_day <= first_day)
    return wrongField('end', 'must be a date after start');
  return null;
}

/** What is wrong with it in itself; null: nothing. */
export function wrongShape(fields: AppointmentFields): Refusal | null {
  const wrong = wrongTimes(fields);
  if (wrong !== null) return wrong;
  const { title_characters_max, description_characters_max } = limits;
  if (fields.title === '' || isLonger(fields.title, title_characters_max)) {
    return wrongField('title', `must have 1 to ${title_characters_max} characters`);
  }
  if (isLonger(fields.description, description_characters_max)) {
    return wrongField('description', `must have at most ${description_characters_max} characters`);
  }
  return null;
}

export function wrongField(field: string, detail: string): Refusal {
  return {
    code: 'invalid_request',
    detail: `${field}: ${detail}`,
    errors: [{ field, detail }],
  };
}

/** Counts code points, and only when the UTF-16 length does not settle it. */
function isLonger(text: string, characters_max: number): boolean {
  return text.length > characters_max && Array.from(text).length > characters_max;
}

/**
 * Null: the default one, of the group if it is of one. A calendar of somebody else answers as one that does
 * not exist.
 */
export function calendarFor(
  view: RulesView,
  owner: User,
  calendar_key: Key | null,
  group_key: Key | null,
): Result<Calendar, Refusal> {
  if (calendar_key === null) {
    return ok(must(view.defaultCalendarOf(group_key ?? owner.key), 'nobody is without a calendar'));
  }
  const calendar = view.calendarByKey(calendar_key);
  const is_own = calendar?.owner_key === owner.key || calendar?.owner_key === group_key;
  if (calendar === null || !is_own) {
    return err({ code: 'not_found', detail: 'There is no such calendar.' });
  }
  return ok(calendar);
}
