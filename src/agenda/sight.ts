import { isAbove } from './decide/hierarchy.ts';
import type { Appointment, Key } from './model.ts';
import type { GroupsPort, ParticipationPort } from './view.ts';

/** How much of an appointment somebody sees: everything, its times alone, or nothing. */
export type Sight = 'full' | 'busy' | 'none';

interface Ports {
  readonly groups: GroupsPort;
  readonly participation: ParticipationPort;
}

/**
 * Owner and people on it see everything, so does who is ranked above the owner in its group. Other members
 * see what `privacy` lets them. Nobody else sees anything.
 */
export function sightOf(view: Ports, viewer_key: Key, appointment: Appointment): Sight {
  if (appointment.owner_key === viewer_key) return 'full';
  if (view.participation.participantOf(appointment.key, viewer_key) !== null) return 'full';
  return sightAsMember(view.groups, viewer_key, appointment);
}

/** The sight of somebody who is neither its owner nor on it. */
export function sightAsMember(
  groups: GroupsPort,
  viewer_key: Key,
  { group_key, owner_key, privacy }: Appointment,
): Sight {
  if (group_key === null) return 'none';
  if (groups.memberOf(group_key, viewer_key) === null) return 'none';
  if (privacy === 'full') return 'full';
  return isAbove(groups, group_key, viewer_key, owner_key) ? 'full' : 'busy';
}
