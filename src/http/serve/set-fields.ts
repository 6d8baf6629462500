import type { ServerResponse } from 'node:http';
import type { HeaderFields } from './header-fields.ts';

/** One by one, for an answer whose head Node writes itself. */
export function setFields(response: ServerResponse, fields: HeaderFields): void {
  for (let at = 0; at + 1 < fields.length; at += 2) {
    response.setHeader(fields[at] ?? '', fields[at + 1] ?? '');
  }
}
