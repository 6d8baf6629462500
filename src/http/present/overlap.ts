import { formatId } from '../../agenda/id.ts';
import type { Refusal } from '../../agenda/refusal.ts';
import type { AgendaView } from '../../agenda/view.ts';
import type { Overlap } from './overlap-schema.ts';
import { presentTimes } from './times.ts';

/** What a refused appointment overlaps, as a member of the problem; nothing for other refusals. */
export function presentOverlaps(
  view: AgendaView,
  refusal: Refusal,
): Readonly<Record<string, unknown>> {
  if (refusal.overlaps === undefined) return {};
  const overlaps = refusal.overlaps.flatMap((key): Overlap[] => {
    const appointment = view.appointmentByKey(key);
    if (appointment === null) return [];
    return [
      {
        id: formatId('apt', appointment.key),
        title: appointment.title,
        ...presentTimes(appointment),
        all_day: appointment.all_day,
      },
    ];
  });
  return { overlaps };
}
