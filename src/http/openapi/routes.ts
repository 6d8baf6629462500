import { defineRoute } from '../route.ts';
import type { RouteSection } from '../route.ts';
import { describeApi } from './describe-api.ts';
import { description_schema } from './named-schemas.ts';

const CONTENT_TYPE = 'application/json; charset=utf-8';

/** `GET /openapi.json`, which describes itself as well. Made once, here. */
export function openApiSection(others: readonly RouteSection[], version: string): RouteSection {
  const route = defineRoute({
    method: 'GET',
    path: '/openapi.json',
    kind: 'local',
    access: 'public',
    description: {
      summary: 'This description.',
      success: { status: 200, body: description_schema },
    },
    handle: () => ({ status: 200, text: { content_type: CONTENT_TYPE, content } }),
  });
  const section: RouteSection = { name: 'description', routes: [route] };
  const content = Buffer.from(JSON.stringify(describeApi([...others, section], version)));
  return section;
}
