import type { Problem } from '../problem.ts';

/** Percent signs that stand for nothing, or an address that is none. */
export const malformed_address: Problem = {
  code: 'invalid_request',
  detail: 'The address is not well encoded.',
};
