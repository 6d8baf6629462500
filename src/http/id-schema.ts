import { z } from 'zod';

/** An id in a body or a query. What has another form than ours names nothing; it is no error of form. */
export const id_schema = z.string('must be an id').max(64, 'must be an id');
