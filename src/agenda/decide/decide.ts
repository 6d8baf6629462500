import { unreachable } from '../../base/assert.ts';
import type { CommandBody } from '../command.ts';
import type { RulesView } from '../view.ts';
import { createAppointment } from './appointments.ts';
import { createDefaultCalendar } from './calendars.ts';
import type { DecideContext, Decision } from './decision.ts';
import { registerUser } from './users.ts';

/**
 * What a command means in this state. Pure: the same view, body and context give the same decision on
 * every replica and at every replay, so a rule is changed only behind a feature level.
 */
export function decide(view: RulesView, body: CommandBody, context: DecideContext): Decision {
  switch (body.kind) {
    case 'user.register':
      return registerUser(view, body, context);
    case 'calendar.create_default':
      return createDefaultCalendar(view, body, context);
    case 'appointment.create':
      return createAppointment(view, body, context);
    default:
      return unreachable(body);
  }
}
