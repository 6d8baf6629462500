import type { Refusal } from '../refusal.ts';

/** Why a row of this version is not what `If-Match` asked for; null: it is, or any will do. */
export function changedMeanwhile(
  { version }: { readonly version: number },
  if_match: readonly number[] | null | undefined,
): Refusal | null {
  if (if_match === null || if_match === undefined || if_match.includes(version)) return null;
  const detail = 'It was changed since the version in If-Match: read it again, then change it.';
  return { code: 'precondition_failed', detail };
}
