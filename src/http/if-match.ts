import type { IncomingMessage } from 'node:http';
import { limits } from '../limits.ts';
import { ProblemError } from './problem.ts';

/** A strong entity tag (RFC 9110, section 8.8.3), or the bare number of a version. */
const one_tag = /^(?:"([\x21\x23-\x7e\x80-\xff]*)"|(\d{1,15}))$/;
const version_digits = /^[1-9]\d{0,14}$/;

/**
 * The versions that `If-Match` lets the thing have; null without the field, or with `*`: any will do.
 * Judged in apply (`precondition_failed`). A tag that is no version matches nothing, so the list may be
 * empty. Throws `invalid_request` for what is no entity tag, and for a weak one: there are none here, and
 * it could never match (RFC 9110, section 13.1.1).
 */
export function ifMatchOf(request: IncomingMessage): readonly number[] | null {
  const field = request.headers['if-match'];
  if (field === undefined || field.trim() === '*') return null;
  const tags = field.split(',');
  if (tags.length > limits.if_match_versions_max) {
    const detail = `If-Match may name ${limits.if_match_versions_max} versions at most.`;
    throw new ProblemError({ code: 'invalid_request', detail });
  }
  const versions: number[] = [];
  for (const given of tags) {
    const tag = one_tag.exec(given.trim());
    if (tag === null) {
      const detail = 'If-Match must be the ETag of an answer in its quotes, like "3".';
      throw new ProblemError({ code: 'invalid_request', detail });
    }
    const [, quoted, bare] = tag;
    const version = quoted ?? bare ?? '';
    if (version_digits.test(version)) versions.push(Number(version));
  }
  return versions;
}

/** For a command that leaves the field out where any version will do. */
export function laterIfMatchOf(request: IncomingMessage): {
  readonly if_match?: readonly number[];
} {
  const if_match = ifMatchOf(request);
  return if_match === null ? {} : { if_match };
}
