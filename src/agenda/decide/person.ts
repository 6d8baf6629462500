import type { NamedPerson } from '../command.ts';
import type { User } from '../model.ts';
import type { RulesView } from '../view.ts';

/** Who is named, by key or by folded username; null: nobody. */
export function personNamed(view: RulesView, named: NamedPerson): User | null {
  const { user_key, username_folded } = named;
  if (user_key !== null) return view.userByKey(user_key);
  return username_folded === null ? null : view.userByFoldedUsername(username_folded);
}
