import type { Appointment } from './model.ts';

/** How long the texts of an appointment are: the part of it that has no small bound. */
export function textCharacters({ title, description }: Appointment): number {
  return title.length + description.length;
}
