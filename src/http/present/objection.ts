import { formatId } from '../../agenda/id.ts';
import type { Objection } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { ObjectionOut } from './objection-schema.ts';

export function presentObjection(objection: Objection): ObjectionOut {
  return {
    appointment_id: formatId('apt', objection.appointment_key),
    user_id: formatId('usr', objection.user_key),
    note: objection.note,
    created_at: formatInstant(objection.created_at),
  };
}
