import type { ChangePassword, RegisterUser, UpdateProfile } from '../command.ts';
import type { AgendaEvent } from '../event.ts';
import type { User } from '../model.ts';
import type { Answer, ProfileAnswer } from '../outcome.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';

const username_taken: Refusal = {
  code: 'username_taken',
  detail: 'This username is taken; choose another.',
};
const email_taken: Refusal = {
  code: 'email_taken',
  detail: 'Somebody has registered with this e-mail.',
};
const changed_meanwhile: Refusal = {
  code: 'precondition_failed',
  detail: 'The profile was changed since the version in If-Match; read it again, then change it.',
};
const nobody: Refusal = { code: 'unauthenticated', detail: 'Log in to change your account.' };

/** Username and e-mail are unique without regard to case: their folded forms are compared, byte by byte. */
export function registerUser(
  view: RulesView,
  body: RegisterUser,
  context: DecideContext,
): Decision {
  if (view.userByFoldedUsername(body.username_folded) !== null) return refuse(username_taken);
  if (view.userByFoldedEmail(body.email_folded) !== null) return refuse(email_taken);
  const user: User = {
    key: context.nextKey(),
    username: body.username,
    username_folded: body.username_folded,
    email: body.email,
    email_folded: body.email_folded,
    display_name: body.display_name,
    display_name_folded: body.display_name_folded,
    password_hash: body.password_hash,
    token_version: 1,
    token_version_index: context.index,
    time_zone: body.time_zone,
    locale: body.locale,
    share_busy: true,
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
  };
  return {
    kind: 'done',
    changes: [{ op: 'insert', table: 'users', row: user }],
    answer: profileOf(user),
    consequences: [{ kind: 'calendar.create_default', owner_key: user.key }],
    events: [userEvent('user.registered', user)],
  };
}

/** What the person left out stays. The version grows, also when nothing is another. */
export function updateProfile(
  view: RulesView,
  body: UpdateProfile,
  context: DecideContext,
): Decision {
  const { by } = context;
  if (by === null) return refuse(nobody);
  if (!isAsWanted(by, body.if_match)) return refuse(changed_meanwhile);
  const namesake = body.email_folded === null ? null : view.userByFoldedEmail(body.email_folded);
  if (namesake !== null && namesake.key !== by.key) return refuse(email_taken);
  const user: User = {
    ...by,
    display_name: body.display_name ?? by.display_name,
    display_name_folded: body.display_name_folded ?? by.display_name_folded,
    email: body.email ?? by.email,
    email_folded: body.email_folded ?? by.email_folded,
    time_zone: body.time_zone ?? by.time_zone,
    locale: body.locale ?? by.locale,
    share_busy: body.share_busy ?? by.share_busy,
    version: by.version + 1,
    origin_node: context.origin_node,
    updated_at: context.state_time,
  };
  return updated(user, profileOf(user), 'user.updated');
}

/** All tokens made before are void from this point of the log on. */
export function changePassword(body: ChangePassword, context: DecideContext): Decision {
  const { by } = context;
  if (by === null) return refuse(nobody);
  if (!isAsWanted(by, body.if_match)) return refuse(changed_meanwhile);
  const user: User = { ...endedSessions(by, context), password_hash: body.password_hash };
  return updated(user, profileOf(user), 'user.sessions_ended');
}

export function logOut(context: DecideContext): Decision {
  if (context.by === null) return refuse(nobody);
  const user = endedSessions(context.by, context);
  const { key, version } = user;
  return updated(user, { kind: 'user', key, version }, 'user.sessions_ended');
}

/** The version stays: nothing that a reader of the profile sees is another. */
function endedSessions(user: User, { index }: DecideContext): User {
  return { ...user, token_version: user.token_version + 1, token_version_index: index };
}

function isAsWanted(user: User, if_match: readonly number[] | null): boolean {
  return if_match === null || if_match.includes(user.version);
}

function profileOf(user: User): ProfileAnswer {
  const { key, version, display_name, email, time_zone, locale, share_busy, updated_at } = user;
  const kind = 'profile';
  return { kind, key, version, display_name, email, time_zone, locale, share_busy, updated_at };
}

function updated(user: User, answer: Answer, kind: AgendaEvent['kind']): Decision {
  return {
    kind: 'done',
    changes: [{ op: 'update', table: 'users', row: user }],
    answer,
    consequences: [],
    events: [userEvent(kind, user)],
  };
}

function userEvent(kind: AgendaEvent['kind'], { key, version }: User): AgendaEvent {
  return { kind, key, version, group_key: null, appointment_key: null, audience: [key] };
}
