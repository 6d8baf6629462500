import { formatId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import type { Refusal } from '../../agenda/refusal.ts';
import { sightOf } from '../../agenda/sight.ts';
import type { AgendaView } from '../../agenda/view.ts';
import type { Overlap } from './overlap-schema.ts';
import { presentTimes } from './times.ts';

/**
 * What a refused appointment overlaps, as far as the viewer sees it, as a member of the problem; nothing
 * for other refusals.
 */
export function presentOverlaps(
  view: AgendaView,
  viewer_key: Key | null,
  refusal: Refusal,
): Readonly<Record<string, unknown>> {
  if (refusal.overlaps === undefined) return {};
  const overlaps = refusal.overlaps.flatMap((key): Overlap[] => {
    const appointment = view.appointmentByKey(key);
    if (appointment === null || viewer_key === null) return [];
    if (sightOf(view, viewer_key, appointment) !== 'full') return [];
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
