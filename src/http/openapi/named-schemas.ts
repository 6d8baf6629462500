import { z } from 'zod';
import {
  answer_schema,
  appointment_patch_schema,
  appointment_schema,
  objection_schema,
  proposal_acceptance_schema,
  proposal_schema,
  restore_schema,
} from '../appointments/schema.ts';
import {
  cluster_node_schema,
  cluster_status_schema,
  health_schema,
  leaders_schema,
  log_summary_schema,
  probe_schema,
  raft_health_schema,
  raft_state_schema,
} from '../cluster/view-schema.ts';
import { live_ticket_schema } from '../live/schema.ts';
import {
  creator_schema,
  group_change_schema,
  group_schema,
  new_member_schema,
  rank_change_schema,
} from '../groups/schema.ts';
import { post_schema } from '../posts/schema.ts';
import {
  appointment_list_schema,
  appointment_out_schema,
  appointment_with_participants_schema,
  created_appointment_schema,
} from '../present/appointment-schema.ts';
import { busy_schema, group_agenda_schema } from '../present/busy-schema.ts';
import { objection_list_schema, objection_out_schema } from '../present/objection-schema.ts';
import {
  group_list_schema,
  group_out_schema,
  group_with_members_schema,
  member_out_schema,
} from '../present/group-schema.ts';
import {
  notification_list_schema,
  notification_out_schema,
  read_all_schema,
  unread_list_schema,
} from '../present/notification-schema.ts';
import { audit_list_schema, audit_out_schema } from '../present/audit-schema.ts';
import { overlap_schema } from '../present/overlap-schema.ts';
import { participant_list_schema, participant_out_schema } from '../present/participant-schema.ts';
import { post_list_schema, post_out_schema } from '../present/post-schema.ts';
import { field_error_schema, problem_schema, redirect_schema } from '../present/problem-schema.ts';
import { proposal_list_schema, proposal_out_schema } from '../present/proposal-schema.ts';
import {
  self_out_schema,
  self_with_token_schema,
  user_list_schema,
  user_out_schema,
} from '../present/user-schema.ts';
import { login_schema, password_schema, profile_schema, register_schema } from '../users/schema.ts';

/** The description itself; its format is OpenAPI's own. */
export const description_schema = z.looseObject({
  openapi: z.string(),
  paths: z.object({}).loose(),
});

/** Every body there is, and its parts worth a name, as clients see the names. */
export const named_schemas = {
  Answer: answer_schema,
  Appointment: appointment_out_schema,
  AppointmentIn: appointment_schema,
  AppointmentList: appointment_list_schema,
  AppointmentPatch: appointment_patch_schema,
  AppointmentWithParticipants: appointment_with_participants_schema,
  Busy: busy_schema,
  Audit: audit_out_schema,
  AuditList: audit_list_schema,
  ClusterNode: cluster_node_schema,
  ClusterStatus: cluster_status_schema,
  CreatedAppointment: created_appointment_schema,
  Description: description_schema,
  FieldError: field_error_schema,
  GroupAgenda: group_agenda_schema,
  Group: group_out_schema,
  GroupChange: group_change_schema,
  GroupCreator: creator_schema,
  GroupIn: group_schema,
  GroupList: group_list_schema,
  GroupWithMembers: group_with_members_schema,
  Health: health_schema,
  Leaders: leaders_schema,
  Login: login_schema,
  LiveTicket: live_ticket_schema,
  LogSummary: log_summary_schema,
  Objection: objection_out_schema,
  ObjectionIn: objection_schema,
  ObjectionList: objection_list_schema,
  Member: member_out_schema,
  MemberIn: new_member_schema,
  Notification: notification_out_schema,
  NotificationList: notification_list_schema,
  NotificationsRead: read_all_schema,
  Overlap: overlap_schema,
  Participant: participant_out_schema,
  ParticipantList: participant_list_schema,
  PasswordChange: password_schema,
  Post: post_out_schema,
  PostIn: post_schema,
  PostList: post_list_schema,
  Probe: probe_schema,
  Problem: problem_schema,
  ProfileChange: profile_schema,
  Proposal: proposal_out_schema,
  ProposalAcceptance: proposal_acceptance_schema,
  ProposalIn: proposal_schema,
  ProposalList: proposal_list_schema,
  RaftHealth: raft_health_schema,
  RaftState: raft_state_schema,
  RankChange: rank_change_schema,
  Redirect: redirect_schema,
  Registration: register_schema,
  Restore: restore_schema,
  Self: self_out_schema,
  SelfWithToken: self_with_token_schema,
  UnreadList: unread_list_schema,
  User: user_out_schema,
  UserList: user_list_schema,
} satisfies Readonly<Record<string, z.ZodType>>;
