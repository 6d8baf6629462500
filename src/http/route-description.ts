import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** What the description of the API tells of a line of the route table, beside what follows from the line. */
export interface RouteDescription {
  /** One sentence. */
  readonly summary: string;
  readonly success: SuccessDescription;
  /** Of what creates, when the thing was there before. */
  readonly success_when_there?: SuccessDescription;
  /** Codes of its own; those that every line of its kind can give are known: `openapi/refusals.ts`. */
  readonly refusals?: readonly ProblemCode[];
  readonly takes_if_match?: boolean;
}

export interface SuccessDescription {
  readonly status: 200 | 201 | 204 | 302;
  /** Sent as JSON. Neither this nor `content_type`: it has no body. */
  readonly body?: z.ZodType;
  /** Of a body in another format. */
  readonly content_type?: string;
  readonly headers?: readonly ('ETag' | 'Location')[];
}
