import { unreachable } from '../../base/assert.ts';
import type { CommandBody } from '../command.ts';
import type { RulesView } from '../view.ts';
import { cancelAppointment } from './appointments/cancel.ts';
import { createAppointment } from './appointments/create.ts';
import { restoreAppointment } from './appointments/restore.ts';
import { updateAppointment } from './appointments/update.ts';
import { createDefaultCalendar } from './calendars.ts';
import type { DecideContext, Decision } from './decision.ts';
import { changePassword, logOut, registerUser, updateProfile } from './users.ts';

/**
 * What a command means in this state. Pure: the same view, body and context give the same decision on
 * every replica and at every replay, so a rule is changed only behind a feature level.
 */
export function decide(view: RulesView, body: CommandBody, context: DecideContext): Decision {
  switch (body.kind) {
    case 'user.register':
      return registerUser(view, body, context);
    case 'user.update_profile':
      return updateProfile(view, body, context);
    case 'user.change_password':
      return changePassword(body, context);
    case 'user.log_out':
      return logOut(context);
    case 'calendar.create_default':
      return createDefaultCalendar(view, body, context);
    case 'appointment.create':
      return createAppointment(view, body, context);
    case 'appointment.update':
      return updateAppointment(view, body, context);
    case 'appointment.cancel':
      return cancelAppointment(view, body, context);
    case 'appointment.restore':
      return restoreAppointment(view, body, context);
    default:
      return unreachable(body);
  }
}
