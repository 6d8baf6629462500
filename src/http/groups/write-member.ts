import type { Key } from '../../agenda/model.ts';
import { parseId } from '../../agenda/id.ts';
import { ifMatchOf } from '../if-match.ts';
import { namedPerson } from '../named-person.ts';
import type { Applied } from '../outcome.ts';
import { presentMember } from '../present/group.ts';
import type { MemberOut } from '../present/group-schema.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import { parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import { rowAsWritten } from '../row-as-written.ts';
import type { ApiServices } from '../services.ts';
import type { NewMemberBody, RankChangeBody } from './schema.ts';
import { groupKeyIn } from './see.ts';

/** `POST /api/groups/{id}/members`. */
export async function addMember(
  services: ApiServices,
  context: RouteContext<NewMemberBody>,
): Promise<Answer> {
  const group_key = groupKeyIn(context);
  const person = namedPerson(context.body);
  if (person === null) {
    throw new ProblemError({ code: 'not_found', detail: 'There is no such person.' });
  }
  const applied = await propose(services, context, {
    kind: 'group.add_member',
    group_key,
    person,
    rank: context.body.rank ?? null,
  });
  const body = writtenMember(services, applied);
  const location = `/api/groups/${body.group_id}/members/${body.user_id}`;
  return writtenAnswer(applied, { status: 201, location, version: body.version, body });
}

/** `PUT /api/groups/{id}/members/{user_id}`: another rank. */
export async function changeRank(
  services: ApiServices,
  context: RouteContext<RankChangeBody>,
): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'group.change_rank',
    ...wantedOf(context),
    rank: context.body.rank,
  });
  const body = writtenMember(services, applied);
  return writtenAnswer(applied, { status: 200, version: body.version, body });
}

/** `DELETE /api/groups/{id}/members/{user_id}`: of oneself, leaving. */
export async function removeMember(services: ApiServices, context: RouteContext): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'group.remove_member',
    ...wantedOf(context),
  });
  return writtenAnswer(applied, { status: 204 });
}

export function noSuchMember(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such member.' });
}

function writtenMember({ replica: { view } }: ApiServices, { answer }: Applied): MemberOut {
  const present = view.groups.memberByKey(answer.key);
  return presentMember(view, rowAsWritten(view, 'member', answer, present));
}

/** Which member, in which versions. An id of another form names nobody. */
function wantedOf(context: RouteContext): {
  readonly group_key: Key;
  readonly user_key: Key;
  readonly if_match: readonly number[] | null;
} {
  const if_match = ifMatchOf(context.request);
  const group_key = groupKeyIn(context);
  const user_key = parseId('usr', parameterOf(context, 'user_id'));
  if (user_key === null) throw noSuchMember();
  return { group_key, user_key, if_match };
}
