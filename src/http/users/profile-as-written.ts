import { must } from '../../base/assert.ts';
import type { User } from '../../agenda/model.ts';
import type { ProfileAnswer } from '../../agenda/outcome.ts';
import type { AgendaView } from '../../agenda/view.ts';

/** A person as the command left them: a replay shows them again, whatever came after. */
export function profileAsWritten(view: AgendaView, answer: ProfileAnswer): User {
  const { key, version, display_name, email, time_zone, locale, share_busy, updated_at } = answer;
  const user = must(view.userByKey(key), 'a user is never deleted');
  return { ...user, version, display_name, email, time_zone, locale, share_busy, updated_at };
}
