import { z } from 'zod';
import { limits } from '../../limits.ts';
import { textSchema } from '../text-schema.ts';
import {
  hasWritableTimes,
  if_match,
  key,
  later_if_match,
  named_person,
  times,
} from './admitted-fields.ts';

const note = textSchema({ min: 1, max: limits.note_characters_max, is_multiline: true });
const appointment_key = key;
const proposal_key = key;
const user_key = key;
const group_key = key;

/** What people on an appointment say of it. */
export const answer_schemas = {
  'appointment.answer': z.strictObject({
    kind: z.literal('appointment.answer'),
    appointment_key,
    if_match: later_if_match,
    answer: z.enum(['accepted', 'declined']),
    sequence: z.int().nonnegative().nullable(),
    note: note.nullable(),
  }),
  'appointment.object': z.strictObject({
    kind: z.literal('appointment.object'),
    appointment_key,
    if_match: later_if_match,
    note,
  }),
  'appointment.propose': z
    .strictObject({
      kind: z.literal('appointment.propose'),
      appointment_key,
      if_match: later_if_match,
      ...times,
      note: note.nullable(),
    })
    .refine(hasWritableTimes),
  'appointment.accept_proposal': z.strictObject({
    kind: z.literal('appointment.accept_proposal'),
    appointment_key,
    if_match: later_if_match,
    proposal_key,
    allow_conflict: z.boolean(),
  }),
  'appointment.reject_proposal': z.strictObject({
    kind: z.literal('appointment.reject_proposal'),
    appointment_key,
    if_match: later_if_match,
    proposal_key,
  }),
  'appointment.release': z.strictObject({
    kind: z.literal('appointment.release'),
    appointment_key,
    if_match: later_if_match,
    user_key,
  }),
};

const group_type = z.enum(['hierarchical', 'non_hierarchical']);
const group_texts = {
  name: textSchema({ min: 1, max: limits.group_name_characters_max }),
  description: textSchema({
    min: 0,
    max: limits.group_description_characters_max,
    is_multiline: true,
  }),
};
const rank = z.int().min(0).max(limits.rank_max);

export const group_schemas = {
  'group.create': z.strictObject({ kind: z.literal('group.create'), ...group_texts, group_type }),
  'group.update': z.strictObject({
    kind: z.literal('group.update'),
    group_key,
    if_match,
    ...group_texts,
    group_type: group_type.nullable(),
  }),
  'group.delete': z.strictObject({ kind: z.literal('group.delete'), group_key, if_match }),
  'group.add_member': z.strictObject({
    kind: z.literal('group.add_member'),
    group_key,
    person: z.strictObject(named_person),
    rank: rank.nullable(),
  }),
  'group.change_rank': z.strictObject({
    kind: z.literal('group.change_rank'),
    group_key,
    user_key,
    if_match,
    rank,
  }),
  'group.remove_member': z.strictObject({
    kind: z.literal('group.remove_member'),
    group_key,
    user_key,
    if_match,
  }),
  'group.hand_over': z.strictObject({
    kind: z.literal('group.hand_over'),
    group_key,
    user_key,
    if_match,
  }),
};

/** Notifications and posts. */
export const message_schemas = {
  'notification.read': z.strictObject({
    kind: z.literal('notification.read'),
    notification_key: key,
  }),
  'notification.read_all': z.strictObject({ kind: z.literal('notification.read_all') }),
  'post.create': z.strictObject({
    kind: z.literal('post.create'),
    content: textSchema({ min: 1, max: limits.post_characters_max, is_multiline: true }),
    group_key: group_key.nullable(),
  }),
  'post.delete': z.strictObject({ kind: z.literal('post.delete'), post_key: key }),
};
