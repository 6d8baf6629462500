import type { Operation } from './document.ts';
import { headerReferences } from './header-fields.ts';
import { problemWith } from './problem-responses.ts';

/** The page: files, and no line of the route table. */
export const PAGE_PATH = '/ui/';
export const PAGE_TAG = 'page';

const headers = headerReferences(['X-Request-Id', 'ETag']);

export const page_operation: Operation = {
  operationId: 'get_ui',
  tags: [PAGE_TAG],
  summary: 'The page.',
  security: [],
  parameters: [],
  responses: {
    200: {
      description: 'Done',
      headers,
      content: { 'text/html; charset=utf-8': { schema: { type: 'string' } } },
    },
    304: { description: 'What If-None-Match names is still it', headers },
    412: problemWith(412, ['precondition_failed'], ['X-Request-Id']),
    500: problemWith(500, ['internal_error'], ['X-Request-Id']),
  },
};
