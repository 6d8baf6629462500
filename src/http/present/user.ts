import { formatId } from '../../agenda/id.ts';
import type { User } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { SelfOut, UserOut } from './user-schema.ts';

/** A person as everybody sees them: never the e-mail. */
export function presentUser(user: User): UserOut {
  return {
    id: formatId('usr', user.key),
    username: user.username,
    display_name: user.display_name,
    created_at: formatInstant(user.created_at),
    updated_at: formatInstant(user.updated_at),
  };
}

/** A person as only they see themselves. */
export function presentSelf(user: User): SelfOut {
  return {
    ...presentUser(user),
    email: user.email,
    time_zone: user.time_zone,
    locale: user.locale,
    share_busy: user.share_busy,
  };
}
