/** People, groups and appointments of the demo: what a fresh cluster shows. */

/** The same for all sample people; printed by the demo, and of no use anywhere else. */
export const sample_password = 'siete-replicas-una-agenda';

export type SampleName = 'ana' | 'bruno' | 'carla' | 'diego' | 'elena';

export interface SamplePerson {
  readonly username: SampleName;
  readonly display_name: string;
}

export const sample_people: readonly SamplePerson[] = [
  { username: 'ana', display_name: 'Ana Pérez' },
  { username: 'bruno', display_name: 'Bruno Díaz' },
  { username: 'carla', display_name: 'Carla Gómez' },
  { username: 'diego', display_name: 'Diego Ruiz' },
  { username: 'elena', display_name: 'Elena Vidal' },
];

export interface SampleGroup {
  readonly name: string;
  readonly description: string;
  readonly group_type: 'hierarchical' | 'non_hierarchical';
  readonly creator: SampleName;
  /** With their ranks, where there are ranks. */
  readonly members: readonly { readonly username: SampleName; readonly rank?: number }[];
  readonly posts: readonly { readonly by: SampleName; readonly content: string }[];
}

export const sample_groups: readonly SampleGroup[] = [
  {
    name: 'Systems lab',
    description: 'Ana leads it, Bruno and Carla are equals, Diego is new.',
    group_type: 'hierarchical',
    creator: 'ana',
    members: [
      { username: 'bruno', rank: 5 },
      { username: 'carla', rank: 5 },
      { username: 'diego', rank: 1 },
    ],
    posts: [
      { by: 'ana', content: 'The server room moves on Friday. Please save your experiments.' },
      { by: 'carla', content: 'I bring boxes.' },
    ],
  },
  {
    name: 'Choir',
    description: 'Everybody is equal here.',
    group_type: 'non_hierarchical',
    creator: 'elena',
    members: [{ username: 'ana' }, { username: 'bruno' }],
    posts: [{ by: 'elena', content: 'New scores are in the usual folder.' }],
  },
];

interface SampleAppointment {
  readonly owner: SampleName;
  /** Days from today. */
  readonly day: number;
  /** UTC, `HH:MM`; without: all day. */
  readonly from?: string;
  readonly to?: string;
  readonly title: string;
  readonly description?: string;
  /** Name of a sample group. */
  readonly group?: string;
  readonly participants?: readonly {
    readonly username: SampleName;
    readonly is_optional?: boolean;
  }[];
  readonly privacy?: 'full' | 'freebusy';
  readonly answers?: readonly SampleAnswer[];
  readonly is_cancelled?: boolean;
}

/** What somebody on it says. */
export type SampleAnswer =
  | { readonly by: SampleName; readonly kind: 'accept' | 'reject'; readonly note?: string }
  | { readonly by: SampleName; readonly kind: 'objection'; readonly note: string }
  /** On the same day. */
  | {
      readonly by: SampleName;
      readonly kind: 'proposals';
      readonly from: string;
      readonly to: string;
      readonly note: string;
    };

export const sample_appointments: readonly SampleAppointment[] = [
  {
    owner: 'ana',
    day: 0,
    from: '15:00',
    to: '16:00',
    title: 'Thesis review',
    description: 'Chapter 4',
  },
  { owner: 'ana', day: 1, from: '11:00', to: '12:00', title: 'Dentist', privacy: 'freebusy' },
  { owner: 'bruno', day: 2, from: '08:00', to: '09:00', title: 'Swimming' },
  { owner: 'carla', day: 4, from: '09:00', to: '13:00', title: 'Move the server room' },
  {
    owner: 'ana',
    day: 1,
    from: '09:00',
    to: '09:30',
    title: 'Stand-up',
    group: 'Systems lab',
    answers: [{ by: 'diego', kind: 'objection', note: 'I have a lecture until 09:15.' }],
  },
  {
    owner: 'bruno',
    day: 2,
    from: '10:00',
    to: '11:30',
    title: 'Consensus seminar',
    description: 'Raft, section 5.4',
    group: 'Systems lab',
    answers: [
      { by: 'ana', kind: 'accept' },
      {
        by: 'carla',
        kind: 'proposals',
        from: '12:00',
        to: '13:30',
        note: 'I come from the train.',
      },
    ],
  },
  {
    owner: 'elena',
    day: 3,
    from: '18:00',
    to: '20:00',
    title: 'Choir rehearsal',
    group: 'Choir',
    answers: [
      { by: 'ana', kind: 'accept' },
      { by: 'bruno', kind: 'reject', note: 'Away that evening.' },
    ],
  },
  {
    owner: 'carla',
    day: 1,
    from: '13:00',
    to: '14:00',
    title: 'Lunch',
    participants: [{ username: 'bruno' }, { username: 'elena', is_optional: true }],
    answers: [{ by: 'bruno', kind: 'accept', note: 'Gladly.' }],
  },
  {
    owner: 'carla',
    day: 1,
    from: '16:00',
    to: '17:30',
    title: 'Budget',
    participants: [{ username: 'ana' }],
    is_cancelled: true,
  },
  { owner: 'diego', day: 5, title: 'Day off' },
];

const DAY_MS = 24 * 60 * 60 * 1000;

/** The body of `POST /api/appointments`; `today` is any instant of the day that counts as day 0. */
export function appointmentBody(
  appointment: SampleAppointment,
  today: Date,
  group_id: string | undefined,
): object {
  const { title, description, participants, privacy } = appointment;
  return {
    title,
    ...(description === undefined ? {} : { description }),
    ...(participants === undefined ? {} : { participants }),
    ...(privacy === undefined ? {} : { privacy }),
    ...(group_id === undefined ? {} : { group_id }),
    ...timesOf(appointment, today),
  };
}

export function timesOf(
  { day, from, to }: { readonly day: number; readonly from?: string; readonly to?: string },
  today: Date,
): object {
  const date = (days: number) =>
    new Date(today.getTime() + days * DAY_MS).toISOString().slice(0, 10);
  if (from === undefined || to === undefined) {
    return { all_day: true, start: date(day), end: date(day + 1) };
  }
  return { start: `${date(day)}T${from}:00Z`, end: `${date(day)}T${to}:00Z` };
}
