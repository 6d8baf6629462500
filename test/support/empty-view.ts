import type { AgendaView } from '../../src/agenda/view.ts';

type Parts = Pick<
  AgendaView,
  | 'audit'
  | 'groupAppointmentsAfter'
  | 'groups'
  | 'notifications'
  | 'participation'
  | 'posts'
  | 'workByKey'
  | 'workCount'
>;

/** A state without groups, invitations, notifications and posts. */
export const empty_view: Parts = {
  audit: {
    sourceOf: () => null,
    sourceCount: () => 0,
    oldestSource: () => null,
    rowsBefore: () => ({ rows: [], next_before: null }),
  },
  groupAppointmentsAfter: () => [],
  groups: {
    groupByKey: () => null,
    memberByKey: () => null,
    memberOf: () => null,
    membersOf: () => [],
    memberCount: () => 0,
    createdMembershipCount: () => 0,
    addedMembershipCount: () => 0,
    membershipsOf: () => [],
  },
  participation: {
    participantByKey: () => null,
    participantOf: () => null,
    participantsOf: () => [],
    participantCount: () => 0,
    participantsMadeAt: () => [],
    proposalByKey: () => null,
    proposalsOf: () => [],
    objectionByKey: () => null,
    objectionOf: () => null,
    objectionsOf: () => [],
  },
  notifications: {
    notificationByKey: () => null,
    notificationSpan: () => null,
    oldestNotifications: () => [],
    notificationsOf: () => [],
    unreadCount: () => 0,
  },
  posts: { postByKey: () => null, postKeysOf: () => [] },
  workByKey: () => null,
  workCount: () => 0,
};
