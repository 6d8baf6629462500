/** The bounds of groups, of people on appointments, and of what they are told: part of `limits`. */
export const people_limits = {
  /** People on one appointment, and in one group: a change that concerns all of them is one transaction. */
  participants_max: 200,
  group_members_max: 200,
  /** Groups that one person is in: created by them, or added to by others. Nobody takes places of the first. */
  created_memberships_max: 200,
  added_memberships_max: 200,
  memberships_max: 400,
  group_name_characters_max: 100,
  group_description_characters_max: 2_000,
  rank_max: 1_000,
  /** What the creator of a hierarchical group begins with. */
  creator_rank: 10,
  /** With an answer, an objection, or a proposal of another time. */
  note_characters_max: 500,
  /** Proposals of another time for one appointment, judged ones included. */
  proposals_max: 200,
  post_characters_max: 5_000,
  /** Notifications are kept so long, and so many for one person. */
  notification_kept_ms: 90 * 24 * 60 * 60 * 1000,
  notifications_max: 1_000,
  /** Rows of a slice of work after which the next appointment waits for the next slice. */
  work_slice_rows: 400,
  /** The same in rows read: it holds everything else up for a few milliseconds. */
  work_slice_reads: 1_500,
  /** Changes of a group whose work is not done; beyond them more wait. */
  works_per_group_max: 16,
  /** How often who leads looks for such work, and how long it waits after a defect met in it. */
  work_look_every_ms: 200,
  work_refused_pause_ms: 60_000,
} as const;
