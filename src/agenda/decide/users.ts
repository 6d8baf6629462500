import type { RegisterUser } from '../command.ts';
import type { User } from '../model.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';

/** Username and e-mail are unique without regard to case: their folded forms are compared, byte by byte. */
export function registerUser(
  view: RulesView,
  body: RegisterUser,
  context: DecideContext,
): Decision {
  if (view.userByFoldedUsername(body.username_folded) !== null) {
    return refuse({ code: 'username_taken', detail: 'This username is taken; choose another.' });
  }
  if (view.userByFoldedEmail(body.email_folded) !== null) {
    return refuse({ code: 'email_taken', detail: 'Somebody has registered with this e-mail.' });
  }
  const user: User = {
    key: context.nextKey(),
    username: body.username,
    username_folded: body.username_folded,
    email: body.email,
    email_folded: body.email_folded,
    display_name: body.display_name,
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
    answer: { kind: 'user', key: user.key, version: user.version },
    consequences: [{ kind: 'calendar.create_default', owner_key: user.key }],
    events: [
      { kind: 'user.registered', key: user.key, version: user.version, audience: [user.key] },
    ],
  };
}
