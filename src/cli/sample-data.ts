/** People and appointments of the demo: what a fresh cluster shows. */

/** The same for all sample people; printed by the demo, and of no use anywhere else. */
export const sample_password = 'siete-replicas-una-agenda';

interface SampleAppointment {
  /** Days from today. */
  readonly day: number;
  /** UTC, `HH:MM`. */
  readonly from: string;
  readonly to: string;
  readonly title: string;
  readonly description?: string;
}

interface SamplePerson {
  readonly username: string;
  readonly display_name: string;
  readonly appointments: readonly SampleAppointment[];
}

export const sample_people: readonly SamplePerson[] = [
  {
    username: 'ana',
    display_name: 'Ana Pérez',
    appointments: [
      { day: 0, from: '09:00', to: '09:30', title: 'Stand-up' },
      { day: 0, from: '15:00', to: '16:00', title: 'Thesis review', description: 'Chapter 4' },
      { day: 1, from: '11:00', to: '12:00', title: 'Dentist' },
      { day: 3, from: '18:00', to: '20:00', title: 'Choir rehearsal' },
    ],
  },
  {
    username: 'bruno',
    display_name: 'Bruno Díaz',
    appointments: [
      { day: 0, from: '10:00', to: '11:30', title: 'Consensus seminar' },
      { day: 2, from: '08:00', to: '09:00', title: 'Swimming' },
    ],
  },
  {
    username: 'carla',
    display_name: 'Carla Gómez',
    appointments: [
      { day: 0, from: '13:00', to: '14:00', title: 'Lunch with Bruno' },
      { day: 1, from: '16:00', to: '17:30', title: 'Budget' },
      { day: 4, from: '09:00', to: '13:00', title: 'Move the server room' },
    ],
  },
];

/** The body of `POST /api/appointments`; `today` is any instant of the day that counts as day 0. */
export function appointmentBody(appointment: SampleAppointment, today: Date): object {
  const date = new Date(today.getTime() + appointment.day * 24 * 60 * 60 * 1000);
  const day = date.toISOString().slice(0, 10);
  return {
    title: appointment.title,
    ...(appointment.description === undefined ? {} : { description: appointment.description }),
    start: `${day}T${appointment.from}:00Z`,
    end: `${day}T${appointment.to}:00Z`,
  };
}
