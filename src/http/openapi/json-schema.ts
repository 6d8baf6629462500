import { z } from 'zod';
import { must } from '../../base/assert.ts';
import type { JsonSchema, Reference } from './document.ts';
import { named_schemas } from './named-schemas.ts';

const names: ReadonlyMap<z.ZodType, string> = new Map(
  Object.entries(named_schemas).map(([name, schema]) => [schema, name]),
);

function uriOf(name: string): string {
  return `#/components/schemas/${name}`;
}

/** Where the description has a schema. One without a name is missing in `named-schemas.ts`. */
export function referenceTo(schema: z.ZodType): Reference {
  return { $ref: uriOf(must(names.get(schema), 'a body whose schema has no name')) };
}

/** What a schema lets in: its defaults may be left out, and what it transforms is as it comes. */
const conversion = { io: 'input', target: 'draft-2020-12' } as const;

/** All named schemas. A zod type that JSON Schema cannot express throws. */
export function namedJsonSchemas(): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...conversion, uri: uriOf });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]),
  );
}

/** The parameters of a query by their names, and which of them must be there. */
export function queryJsonSchemas(query: z.ZodType): {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
} {
  const { properties, required } = z.toJSONSchema(query, conversion);
  const parameters = must(properties, 'the parameters of a query are an object');
  return { properties: parameters as Record<string, JsonSchema>, required: required ?? [] };
}

/** Dialect and place are those of the document that the schema stands in. */
function withoutIdentity(schema: JsonSchema): JsonSchema {
  const { $schema: _dialect, $id: _place, ...rest } = schema;
  return rest;
}
