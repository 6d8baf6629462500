import { assert } from '../../base/assert.ts';
import { foldText } from '../fold.ts';
import { ifMatchOf } from '../if-match.ts';
import { presentSelf } from '../present/user.ts';
import { propose, writtenAnswer } from '../propose.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { profileAsWritten } from './profile-as-written.ts';
import type { ProfileBody } from './schema.ts';

/** What is left out stays. Whether the e-mail is free, and the version the wanted one, apply judges. */
export async function changeProfile(
  services: ApiServices,
  context: RouteContext<ProfileBody>,
): Promise<Answer> {
  const { display_name, email, time_zone, locale, share_busy } = context.body;
  const applied = await propose(services, context, {
    kind: 'user.update_profile',
    if_match: ifMatchOf(context.request),
    display_name: display_name ?? null,
    display_name_folded: display_name === undefined ? null : foldText(display_name),
    email: email ?? null,
    email_folded: email === undefined ? null : foldText(email),
    time_zone: time_zone ?? null,
    locale: locale ?? null,
    share_busy: share_busy ?? null,
  });
  const { answer } = applied;
  assert(answer.kind === 'profile', 'a profile answers as it was left');
  const body = presentSelf(profileAsWritten(services.replica.view, answer));
  return writtenAnswer(applied, { status: 200, version: answer.version, body });
}
