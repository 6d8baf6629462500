import type { IdPrefix } from './id.ts';
import type { Answer } from './outcome.ts';

interface IdName {
  /** As clients see it. */
  readonly name: string;
  readonly prefix: IdPrefix;
}

/**
 * Fields of rows, commands and payloads that name a thing by its key. Payloads hold keys, because that is
 * the least work while a command is applied; ids are made of them when somebody reads.
 */
export const audit_ids = {
  user_key: { name: 'user_id', prefix: 'usr' },
  actor_key: { name: 'on_behalf_of_id', prefix: 'usr' },
  owner_key: { name: 'owner_id', prefix: 'usr' },
  author_key: { name: 'author_id', prefix: 'usr' },
  creator_key: { name: 'creator_id', prefix: 'usr' },
  calendar_key: { name: 'calendar_id', prefix: 'cal' },
  appointment_key: { name: 'appointment_id', prefix: 'apt' },
  participant_key: { name: 'participant_id', prefix: 'par' },
  proposal_key: { name: 'proposal_id', prefix: 'prp' },
  group_key: { name: 'group_id', prefix: 'grp' },
  notification_key: { name: 'notification_id', prefix: 'ntf' },
  post_key: { name: 'post_id', prefix: 'pst' },
} as const satisfies Readonly<Record<string, IdName>>;

export type AuditIdField = keyof typeof audit_ids;
export const audit_id_fields = Object.keys(audit_ids) as readonly AuditIdField[];

/** In which field stands what a command made or changed; null: it has no id outside. */
export const answer_id_field: Readonly<Record<Answer['kind'], AuditIdField | null>> = {
  user: 'user_key',
  profile: 'user_key',
  appointment: 'appointment_key',
  participant: 'participant_key',
  proposal: 'proposal_key',
  objection: null,
  group: 'group_key',
  member: null,
  notification: 'notification_key',
  notifications: null,
  post: 'post_key',
  work: null,
  audit: null,
};
