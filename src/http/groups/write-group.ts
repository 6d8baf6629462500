import { assert, must } from '../../base/assert.ts';
import { parseId } from '../../agenda/id.ts';
import type { CommandBody } from '../../agenda/command.ts';
import { ifMatchOf } from '../if-match.ts';
import type { Applied } from '../outcome.ts';
import { presentGroup } from '../present/group.ts';
import type { GroupOut } from '../present/group-schema.ts';
import { propose, writtenAnswer } from '../propose.ts';
import type { Answer, RouteContext } from '../route.ts';
import { rowAsWritten } from '../row-as-written.ts';
import type { ApiServices } from '../services.ts';
import type { CreatorBody, GroupBody, GroupChangeBody } from './schema.ts';
import { groupKeyIn } from './see.ts';
import { noSuchMember } from './write-member.ts';

/** `POST /api/groups`: whoever creates a group is its first member. */
export async function createGroup(
  services: ApiServices,
  context: RouteContext<GroupBody>,
): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'group.create',
    ...context.body,
  });
  const body = writtenGroup(services, applied);
  const location = `/api/groups/${body.id}`;
  return writtenAnswer(applied, { status: 201, location, version: body.version, body });
}

/** `PUT /api/groups/{id}`: what is left out takes its default. */
export function replaceGroup(
  services: ApiServices,
  context: RouteContext<GroupChangeBody>,
): Promise<Answer> {
  const { name, description, group_type } = context.body;
  return changeGroup(services, context, {
    kind: 'group.update',
    ...wantedOf(context),
    name,
    description,
    group_type: group_type ?? null,
  });
}

/** `PUT /api/groups/{id}/creator`: hands it over to another member. */
export function handOverGroup(
  services: ApiServices,
  context: RouteContext<CreatorBody>,
): Promise<Answer> {
  const wanted = wantedOf(context);
  const user_key = parseId('usr', context.body.user_id);
  if (user_key === null) throw noSuchMember();
  return changeGroup(services, context, { kind: 'group.hand_over', ...wanted, user_key });
}

/** `DELETE /api/groups/{id}`. */
export async function deleteGroup(services: ApiServices, context: RouteContext): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'group.delete',
    ...wantedOf(context),
  });
  return writtenAnswer(applied, { status: 204 });
}

async function changeGroup(
  services: ApiServices,
  context: RouteContext,
  command: CommandBody,
): Promise<Answer> {
  const applied = await propose(services, context, command);
  const body = writtenGroup(services, applied);
  return writtenAnswer(applied, { status: 200, version: body.version, body });
}

/** The group, and the caller's rank in it, as the write left them. */
function writtenGroup({ replica: { view } }: ApiServices, { answer }: Applied): GroupOut {
  assert(answer.kind === 'group', 'a group answers as one');
  const present = must(view.groups.groupByKey(answer.key), 'a group is gone at once');
  return presentGroup(view, rowAsWritten(view, 'group', answer, present), answer.my_rank);
}

function wantedOf(context: RouteContext) {
  const if_match = ifMatchOf(context.request);
  return { group_key: groupKeyIn(context), if_match };
}
