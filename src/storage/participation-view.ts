import type { Database } from 'better-sqlite3';
import { KEYS_PER_ENTRY } from '../agenda/id.ts';
import type { EarlierRow, Key, Objection, Participant, Proposal } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { oneOrNull, prepareByKey, prepareRaw } from './prepared.ts';
import { rowReader, selectFrom } from './row-reader.ts';

const participantOf = rowReader<Participant>('participants', [
  'is_optional',
  'by_group',
  'by_name',
]);
const proposalOf = rowReader<Proposal>('proposals', ['all_day']);
const objectionOf = rowReader<Objection>('objections');
const earlierOf = rowReader<EarlierRow>('earlier_rows');

export const participation_queries = {
  participant_of: `${selectFrom('participants')} WHERE appointment_key = ? AND user_key = ?`,
  participants_of: `${selectFrom('participants')} WHERE appointment_key = ? ORDER BY "key"`,
  participant_count: 'SELECT count(*) FROM participants WHERE appointment_key = ?',
  participants_made: `${selectFrom('participants')} WHERE "key" >= ? AND "key" < ? ORDER BY "key"`,
  earlier_made: `${selectFrom('earlier_rows')}
    WHERE kind = 'participant' AND "key" >= ? AND "key" < ? AND version = 1 ORDER BY "key"`,
  proposals_of: `${selectFrom('proposals')} WHERE appointment_key = ? ORDER BY "key"`,
  objection_of: `${selectFrom('objections')} WHERE appointment_key = ? AND user_key = ?`,
  objections_of: `${selectFrom('objections')} WHERE appointment_key = ? ORDER BY "key"`,
} as const;

/** Who is on appointments, and what they say of them. */
export function prepareParticipationView(database: Database): AgendaView['participation'] {
  const participant_of = prepareRaw<[Key, Key]>(database, participation_queries.participant_of);
  const participants_of = prepareRaw<[Key]>(database, participation_queries.participants_of);
  const participant_count = database
    .prepare<[Key], number>(participation_queries.participant_count)
    .pluck();
  const proposals_of = prepareRaw<[Key]>(database, participation_queries.proposals_of);
  const objection_of = prepareRaw<[Key, Key]>(database, participation_queries.objection_of);
  const objections_of = prepareRaw<[Key]>(database, participation_queries.objections_of);
  return {
    participantByKey: prepareByKey(database, 'participants', participantOf),
    participantOf: (appointment_key, user_key) =>
      oneOrNull(participant_of.get(appointment_key, user_key), participantOf),
    participantsOf: (appointment_key) => participants_of.all(appointment_key).map(participantOf),
    participantCount: (appointment_key) => participant_count.get(appointment_key) ?? 0,
    participantsMadeAt: prepareParticipantsMadeAt(database),
    proposalByKey: prepareByKey(database, 'proposals', proposalOf),
    proposalsOf: (appointment_key) => proposals_of.all(appointment_key).map(proposalOf),
    objectionByKey: prepareByKey(database, 'objections', objectionOf),
    objectionOf: (appointment_key, user_key) =>
      oneOrNull(objection_of.get(appointment_key, user_key), objectionOf),
    objectionsOf: (appointment_key) => objections_of.all(appointment_key).map(objectionOf),
  };
}

/** As they were made: of those that changed or went since, the first version. */
function prepareParticipantsMadeAt(
  database: Database,
): AgendaView['participation']['participantsMadeAt'] {
  const present = prepareRaw<[Key, Key]>(database, participation_queries.participants_made);
  const earlier = prepareRaw<[Key, Key]>(database, participation_queries.earlier_made);
  return (index) => {
    const range: [Key, Key] = [index * KEYS_PER_ENTRY, (index + 1) * KEYS_PER_ENTRY];
    const made = new Map<Key, Participant>();
    // Who changed since and is kept no more as they were is shown as they are.
    for (const row of present.all(...range).map(participantOf)) made.set(row.key, row);
    for (const { content } of earlier.all(...range).map(earlierOf)) {
      const row = JSON.parse(content) as Participant;
      made.set(row.key, row);
    }
    return [...made.values()].sort((one, other) => one.key - other.key);
  };
}
