import { z } from 'zod';
import type { LogIndex } from '../consensus/raft/entry.ts';

/** Where replicas ask each other for the digest of their state. */
export const DIGEST_PATH = '/raft/digest';

const digest_question = z.strictObject({ index: z.int().min(0) });
export type DigestQuestion = z.infer<typeof digest_question>;

const digest_answer = z.strictObject({
  applied_index: z.int().min(0),
  /** What apply does depends on it: digests of different levels are not compared. */
  feature_level: z.int().min(0),
  /** At the index asked for; null: not applied yet, or no longer known. */
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .nullable(),
});
export type DigestAnswer = z.infer<typeof digest_answer>;

/** What the one asked knows of its own state. */
export interface DigestSource {
  readonly applied_index: LogIndex;
  /** Null for an index that is not, or no longer, known. */
  digestAt(index: LogIndex): string | null;
}

/** The answer to a question from another replica; null: it is none. */
export function answerDigestQuestion(
  body: unknown,
  source: DigestSource,
  feature_level: number,
): DigestAnswer | null {
  const parsed = digest_question.safeParse(body);
  if (!parsed.success) return null;
  const digest = source.digestAt(parsed.data.index);
  return { applied_index: source.applied_index, feature_level, digest };
}

/** Null: not such an answer. */
export function parseDigestAnswer(body: unknown): DigestAnswer | null {
  const parsed = digest_answer.safeParse(body);
  return parsed.success ? parsed.data : null;
}
