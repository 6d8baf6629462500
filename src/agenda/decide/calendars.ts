import { assert } from '../../base/assert.ts';
import type { CreateDefaultCalendar } from '../command.ts';
import type { Calendar } from '../model.ts';
import type { RulesView } from '../view.ts';
import type { DecideContext, Decision } from './decision.ts';

/** Everybody has a calendar from the first day: a consequence of registering. */
export function createDefaultCalendar(
  view: RulesView,
  body: CreateDefaultCalendar,
  context: DecideContext,
): Decision {
  assert(view.defaultCalendarOf(body.owner_key) === null, 'a second default calendar');
  const calendar: Calendar = {
    key: context.nextKey(),
    owner_key: body.owner_key,
    is_default: true,
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
  };
  return {
    kind: 'done',
    changes: [{ op: 'insert', table: 'calendars', row: calendar }],
    answer: null,
    consequences: [],
    events: [],
  };
}
