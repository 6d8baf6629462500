import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { RowChange } from '../../change.ts';
import type { AgendaEvent } from '../../event.ts';
import type { Appointment, Key } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import { isGone } from '../../retention.ts';
import type { RulesView } from '../../view.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { occurrenceChanges } from './occurrence.ts';
import { versionBefore } from '../../appointment-version.ts';

/** Which appointment, and the versions it may have; null: any. */
interface Wanted {
  readonly appointment_key: Key;
  readonly if_match: readonly number[] | null;
}

/**
 * The appointment that its owner is about to change. One that somebody may not see answers as one that
 * does not exist, whatever version was asked for.
 */
export function ownAppointment(
  view: RulesView,
  { appointment_key, if_match }: Wanted,
  { by, state_time }: DecideContext,
): Result<Appointment, Refusal> {
  if (by === null) return err({ code: 'unauthenticated', detail: 'Log in first.' });
  const found = view.appointmentByKey(appointment_key);
  if (found === null || found.owner_key !== by.key || isGone(found, state_time)) {
    return err({ code: 'not_found', detail: 'There is no such appointment.' });
  }
  if (if_match !== null && !if_match.includes(found.version)) {
    const detail = 'It was changed since the version in If-Match: read it again, then change it.';
    return err({ code: 'precondition_failed', detail });
  }
  return ok(found);
}

/**
 * The next version of an appointment. Another time, cancelling and restoring are significant: they raise
 * `sequence` (RFC 5546, section 2.1.4); other texts do not.
 */
export function changed(
  current: Appointment,
  wanted: Appointment,
  kind: AgendaEvent['kind'],
  context: DecideContext,
): Decision {
  const is_significant =
    wanted.start !== current.start ||
    wanted.end !== current.end ||
    wanted.status !== current.status;
  const row: Appointment = {
    ...wanted,
    version: current.version + 1,
    sequence: current.sequence + (is_significant ? 1 : 0),
    changed_index: context.index,
    origin_node: context.origin_node,
    updated_at: context.state_time,
    remembered_until: context.remembered_until,
  };
  const changes: RowChange[] = [
    {
      op: 'insert',
      table: 'appointment_versions',
      row: versionBefore(current, context.state_time),
    },
    { op: 'update', table: 'appointments', row },
    ...occurrenceChanges(current, row),
  ];
  const { key, version } = row;
  return {
    kind: 'done',
    changes,
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: [{ kind, key, version, audience: [row.owner_key] }],
  };
}

/** It is so already: a success of the same version. */
export function unchanged(current: Appointment, context: DecideContext): Decision {
  const { key, version, remembered_until } = current;
  const { remembered_until: wanted_until } = context;
  const is_remembered_longer = wanted_until !== null && wanted_until > (remembered_until ?? 0);
  const row: Appointment = { ...current, remembered_until: wanted_until };
  return {
    kind: 'done',
    changes: is_remembered_longer ? [{ op: 'update', table: 'appointments', row }] : [],
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: [],
  };
}
