import { parseId } from '../../agenda/id.ts';
import type { Group, Key, Member, User } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { ProblemError } from '../problem.ts';
import { parameterOf } from '../route.ts';
import type { RouteContext } from '../route.ts';

/** A group and the membership of who looks at it. */
export interface SeenGroup {
  readonly group: Group;
  readonly member: Member;
}

/** Groups are seen by their members. Throws `not_found`. */
export function seenGroup(view: AgendaView, viewer: User, id: string): SeenGroup {
  const key = parseId('grp', id);
  const group = key === null ? null : view.groups.groupByKey(key);
  const member = group === null ? null : view.groups.memberOf(group.key, viewer.key);
  if (group === null || member === null) throw noSuchGroup();
  return { group, member };
}

/** The group that the path names. An id of another form names none. */
export function groupKeyIn(context: RouteContext): Key {
  const key = parseId('grp', parameterOf(context, 'id'));
  if (key === null) throw noSuchGroup();
  return key;
}

/** What one may not see answers like what is not there. */
function noSuchGroup(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such group.' });
}
