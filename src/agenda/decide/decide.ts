import { unreachable } from '../../base/assert.ts';
import type { CommandBody } from '../command.ts';
import type { RulesView } from '../view.ts';
import { answerInvitation } from './appointments/answer.ts';
import { cancelAppointment } from './appointments/cancel.ts';
import { createAppointment } from './appointments/create.ts';
import { followGroup } from './appointments/follow-group.ts';
import { acceptProposal, rejectProposal } from './appointments/judge-proposal.ts';
import { objectToAppointment } from './appointments/object.ts';
import { proposeTime } from './appointments/propose.ts';
import { releaseParticipant } from './appointments/release.ts';
import { restoreAppointment } from './appointments/restore.ts';
import { updateAppointment } from './appointments/update.ts';
import { appendAudit } from './audit.ts';
import { createDefaultCalendar } from './calendars.ts';
import type { DecideContext, Decision } from './decision.ts';
import { createGroup } from './groups/create.ts';
import { deleteGroup } from './groups/delete.ts';
import { removeMember } from './groups/leave.ts';
import { addMember, changeRank } from './groups/members.ts';
import { handOverGroup, updateGroup } from './groups/update.ts';
import { readAllNotifications, readNotification } from './notifications.ts';
import { createPost, deletePost } from './posts.ts';
import { changePassword, logOut, registerUser, updateProfile } from './users.ts';
import { continueWork } from './work.ts';

type GroupBody = Extract<CommandBody, { kind: `group.${string}` }>;

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
    case 'appointment.answer':
      return answerInvitation(view, body, context);
    case 'appointment.object':
      return objectToAppointment(view, body, context);
    case 'appointment.propose':
      return proposeTime(view, body, context);
    case 'appointment.accept_proposal':
      return acceptProposal(view, body, context);
    case 'appointment.reject_proposal':
      return rejectProposal(view, body, context);
    case 'appointment.release':
      return releaseParticipant(view, body, context);
    case 'appointments.group_deleted':
    case 'appointments.member_joined':
    case 'appointments.member_left':
      return followGroup(view, body, context);
    case 'notification.read':
      return readNotification(view, body, context);
    case 'notification.read_all':
      return readAllNotifications(view, context);
    case 'post.create':
      return createPost(view, body, context);
    case 'post.delete':
      return deletePost(view, body, context);
    case 'work.continue':
      return continueWork(view, body, context);
    case 'audit.append':
      return appendAudit(view, body, context);
    case 'group.create':
    case 'group.update':
    case 'group.delete':
    case 'group.add_member':
    case 'group.change_rank':
    case 'group.remove_member':
    case 'group.hand_over':
      return decideGroups(view, body, context);
    default:
      return unreachable(body);
  }
}

function decideGroups(view: RulesView, body: GroupBody, context: DecideContext): Decision {
  switch (body.kind) {
    case 'group.create':
      return createGroup(view, body, context);
    case 'group.update':
      return updateGroup(view, body, context);
    case 'group.delete':
      return deleteGroup(view, body, context);
    case 'group.add_member':
      return addMember(view, body, context);
    case 'group.change_rank':
      return changeRank(view, body, context);
    case 'group.remove_member':
      return removeMember(view, body, context);
    case 'group.hand_over':
      return handOverGroup(view, body, context);
    default:
      return unreachable(body);
  }
}
