import { audit_components, audit_levels } from '../agenda/audit.ts';
import type {
  AcceptProposal,
  AddMember,
  AnswerInvitation,
  AppendAudit,
  AppointmentFields,
  CancelAppointment,
  ChangePassword,
  ChangeRank,
  CommandBody,
  Consequence,
  ContinueWork,
  CreateAppointment,
  CreateGroup,
  CreatePost,
  DeleteGroup,
  DeletePost,
  HandOverGroup,
  InvitedPerson,
  LogOut,
  NamedPerson,
  ObjectToAppointment,
  ProposeTime,
  ReadAllNotifications,
  ReadNotification,
  RegisterUser,
  RejectProposal,
  ReleaseParticipant,
  RemoveMember,
  RequestKey,
  RestoreAppointment,
  UpdateAppointment,
  UpdateGroup,
  UpdateProfile,
} from '../agenda/command.ts';
import type { AuditEvent } from '../agenda/node-event.ts';
import type { FieldError } from '../agenda/refusal.ts';
import { limits } from '../limits.ts';
import {
  boolean,
  hexadecimal,
  integer,
  listOf,
  nullable,
  object,
  oneOf,
  optional,
  positive,
  text,
  timestamp,
} from './command-checks.ts';
import type { AnyShape, Shape } from './command-checks.ts';

type ProposableKind = Exclude<CommandBody, Consequence>['kind'];

export const request_key_shape: Shape<RequestKey> = {
  scope_hash: hexadecimal,
  fingerprint: hexadecimal,
  ttl_ms: positive,
};

const versions = listOf(positive, limits.if_match_versions_max);
const matched_version_shape = { if_match: optional(versions) };

const register_user_shape: Shape<RegisterUser> = {
  kind: oneOf('user.register'),
  username: text,
  username_folded: text,
  email: text,
  email_folded: text,
  display_name: text,
  display_name_folded: text,
  password_hash: text,
  time_zone: text,
  locale: text,
};

const update_profile_shape: Shape<UpdateProfile> = {
  kind: oneOf('user.update_profile'),
  if_match: nullable(versions),
  display_name: nullable(text),
  display_name_folded: nullable(text),
  email: nullable(text),
  email_folded: nullable(text),
  time_zone: nullable(text),
  locale: nullable(text),
  share_busy: nullable(boolean),
};

const change_password_shape: Shape<ChangePassword> = {
  kind: oneOf('user.change_password'),
  if_match: nullable(versions),
  password_hash: text,
};

const log_out_shape: Shape<LogOut> = { kind: oneOf('user.log_out') };

const appointment_fields_shape: Shape<AppointmentFields> = {
  title: text,
  description: text,
  start: integer,
  end: integer,
  all_day: boolean,
  time_zone: text,
  start_offset_s: integer,
  end_offset_s: integer,
  privacy: oneOf('full', 'freebusy'),
  busy: boolean,
  calendar_key: nullable(positive),
};

const named_person_shape: Shape<NamedPerson> = {
  user_key: nullable(positive),
  username_folded: nullable(text),
};
const invited_people = listOf(
  object({ ...named_person_shape, is_optional: boolean } satisfies Shape<InvitedPerson>),
  limits.participants_max,
);

const create_appointment_shape: Shape<CreateAppointment> = {
  kind: oneOf('appointment.create'),
  ...appointment_fields_shape,
  group_key: nullable(positive),
  participants: invited_people,
  follow_group: boolean,
  allow_conflict: boolean,
};

const field_error_shape: Shape<FieldError> = { field: text, detail: text };
const changed_appointment_shape = {
  appointment_key: positive,
  if_match: nullable(versions),
};

const update_appointment_shape: Shape<UpdateAppointment> = {
  kind: oneOf('appointment.update'),
  ...changed_appointment_shape,
  computed_from: nullable(positive),
  fields: nullable(object(appointment_fields_shape)),
  group_key: nullable(positive),
  participants: nullable(invited_people),
  follow_group: nullable(boolean),
  wrong: listOf(object(field_error_shape), limits.problem_errors_max),
  allow_conflict: boolean,
};

const cancel_appointment_shape: Shape<CancelAppointment> = {
  kind: oneOf('appointment.cancel'),
  ...changed_appointment_shape,
};

const restore_appointment_shape: Shape<RestoreAppointment> = {
  kind: oneOf('appointment.restore'),
  ...changed_appointment_shape,
  allow_conflict: boolean,
};

const answer_shape: Shape<AnswerInvitation> = {
  kind: oneOf('appointment.answer'),
  ...matched_version_shape,
  appointment_key: positive,
  answer: oneOf('accepted', 'declined'),
  sequence: nullable(integer),
  note: nullable(text),
};

const object_shape: Shape<ObjectToAppointment> = {
  kind: oneOf('appointment.object'),
  ...matched_version_shape,
  appointment_key: positive,
  note: text,
};

const propose_shape: Shape<ProposeTime> = {
  kind: oneOf('appointment.propose'),
  ...matched_version_shape,
  appointment_key: positive,
  all_day: boolean,
  time_zone: text,
  start: integer,
  end: integer,
  start_offset_s: integer,
  end_offset_s: integer,
  note: nullable(text),
};

const accept_proposal_shape: Shape<AcceptProposal> = {
  kind: oneOf('appointment.accept_proposal'),
  ...matched_version_shape,
  appointment_key: positive,
  proposal_key: positive,
  allow_conflict: boolean,
};

const reject_proposal_shape: Shape<RejectProposal> = {
  kind: oneOf('appointment.reject_proposal'),
  ...matched_version_shape,
  appointment_key: positive,
  proposal_key: positive,
};

const release_shape: Shape<ReleaseParticipant> = {
  kind: oneOf('appointment.release'),
  ...matched_version_shape,
  appointment_key: positive,
  user_key: positive,
};

const group_type = oneOf('hierarchical', 'non_hierarchical');
const changed_group_shape = {
  group_key: positive,
  if_match: nullable(versions),
};
const changed_member_shape = { ...changed_group_shape, user_key: positive };

const create_group_shape: Shape<CreateGroup> = {
  kind: oneOf('group.create'),
  name: text,
  description: text,
  group_type,
};

const update_group_shape: Shape<UpdateGroup> = {
  kind: oneOf('group.update'),
  ...changed_group_shape,
  name: text,
  description: text,
  group_type: nullable(group_type),
};

const delete_group_shape: Shape<DeleteGroup> = {
  kind: oneOf('group.delete'),
  ...changed_group_shape,
};

const add_member_shape: Shape<AddMember> = {
  kind: oneOf('group.add_member'),
  group_key: positive,
  person: object(named_person_shape),
  rank: nullable(integer),
};

const change_rank_shape: Shape<ChangeRank> = {
  kind: oneOf('group.change_rank'),
  ...changed_member_shape,
  rank: integer,
};

const remove_member_shape: Shape<RemoveMember> = {
  kind: oneOf('group.remove_member'),
  ...changed_member_shape,
};

const hand_over_shape: Shape<HandOverGroup> = {
  kind: oneOf('group.hand_over'),
  ...changed_group_shape,
  user_key: positive,
};

const read_notification_shape: Shape<ReadNotification> = {
  kind: oneOf('notification.read'),
  notification_key: positive,
};

const read_all_shape: Shape<ReadAllNotifications> = { kind: oneOf('notification.read_all') };

const create_post_shape: Shape<CreatePost> = {
  kind: oneOf('post.create'),
  content: text,
  group_key: nullable(positive),
};

const delete_post_shape: Shape<DeletePost> = { kind: oneOf('post.delete'), post_key: positive };

const continue_work_shape: Shape<ContinueWork> = {
  kind: oneOf('work.continue'),
  work_key: positive,
  group_key: positive,
  user_key: nullable(positive),
  actor_key: positive,
};

const audit_event_shape: Shape<AuditEvent> = {
  id: positive,
  at: timestamp,
  component: oneOf(...audit_components),
  action: text,
  level: oneOf(...audit_levels),
  actor_key: nullable(positive),
  request_id: text,
  payload: text,
  count: positive,
};

const append_audit_shape: Shape<AppendAudit> = {
  kind: oneOf('audit.append'),
  node_id: text,
  run_id: text,
  events: listOf(object(audit_event_shape), limits.audit_batch_events_max),
};

/** The kinds that may be proposed; a consequence alone is never in the log. */
export const body_shapes = {
  'user.register': register_user_shape,
  'user.update_profile': update_profile_shape,
  'user.change_password': change_password_shape,
  'user.log_out': log_out_shape,
  'appointment.create': create_appointment_shape,
  'appointment.update': update_appointment_shape,
  'appointment.cancel': cancel_appointment_shape,
  'appointment.restore': restore_appointment_shape,
  'appointment.answer': answer_shape,
  'appointment.object': object_shape,
  'appointment.propose': propose_shape,
  'appointment.accept_proposal': accept_proposal_shape,
  'appointment.reject_proposal': reject_proposal_shape,
  'appointment.release': release_shape,
  'group.create': create_group_shape,
  'group.update': update_group_shape,
  'group.delete': delete_group_shape,
  'group.add_member': add_member_shape,
  'group.change_rank': change_rank_shape,
  'group.remove_member': remove_member_shape,
  'group.hand_over': hand_over_shape,
  'notification.read': read_notification_shape,
  'notification.read_all': read_all_shape,
  'post.create': create_post_shape,
  'post.delete': delete_post_shape,
  'work.continue': continue_work_shape,
  'audit.append': append_audit_shape,
} as const satisfies { readonly [K in ProposableKind]: AnyShape };
