/**
 * The objects of OpenAPI 3.1 that the description uses, each with the members that its section of the
 * specification gives it and no others. `schema` objects are left to JSON Schema.
 */
const text = { type: 'string', minLength: 1 };
const component_name = { pattern: '^[a-zA-Z0-9._-]+$' };

function object(properties: object, required: readonly string[]) {
  return { type: 'object', properties, required, additionalProperties: false };
}

function mapOf(values: object) {
  return { type: 'object', additionalProperties: values };
}

function named(values: object) {
  return { ...mapOf(values), propertyNames: component_name };
}

const reference = object({ $ref: { type: 'string', pattern: '^#/components/' } }, ['$ref']);
const orReference = (described: object) => ({ anyOf: [described, reference] });
const json_schema = { type: 'object' };
const media_types = mapOf(object({ schema: json_schema }, ['schema']));

const parameter = {
  ...object(
    {
      name: text,
      in: { enum: ['path', 'query', 'header'] },
      required: { type: 'boolean' },
      description: text,
      schema: json_schema,
    },
    ['name', 'in', 'schema'],
  ),
  anyOf: [
    { properties: { in: { enum: ['query', 'header'] } } },
    { properties: { required: { const: true } }, required: ['required'] },
  ],
};

const header = object({ description: text, schema: json_schema }, ['schema']);

const response = object(
  { description: text, headers: mapOf(orReference(header)), content: media_types },
  ['description'],
);

const operation = object(
  {
    operationId: text,
    tags: { type: 'array', items: text },
    summary: text,
    security: { type: 'array', items: mapOf({ type: 'array', items: text }) },
    parameters: { type: 'array', items: orReference(parameter), uniqueItems: true },
    requestBody: object({ required: { type: 'boolean' }, content: media_types }, ['content']),
    responses: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^[1-5][0-9]{2}$' },
      additionalProperties: orReference(response),
    },
  },
  ['responses'],
);

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

const security_scheme = {
  oneOf: [
    object({ type: { const: 'http' }, scheme: text, bearerFormat: text, description: text }, [
      'type',
      'scheme',
    ]),
    object(
      {
        type: { const: 'apiKey' },
        in: { enum: ['query', 'header'] },
        name: text,
        description: text,
      },
      ['type', 'in', 'name'],
    ),
  ],
};

export const openapi_structure = object(
  {
    openapi: { type: 'string', pattern: '^3\\.1\\.[0-9]+$' },
    info: object({ title: text, version: text, description: text }, ['title', 'version']),
    servers: { type: 'array', items: object({ url: text }, ['url']) },
    tags: { type: 'array', items: object({ name: text }, ['name']), uniqueItems: true },
    paths: {
      type: 'object',
      propertyNames: { pattern: '^/' },
      additionalProperties: object(
        Object.fromEntries(methods.map((method) => [method, operation])),
        [],
      ),
    },
    components: object(
      {
        schemas: named(json_schema),
        parameters: named(parameter),
        responses: named(response),
        headers: named(header),
        securitySchemes: named(security_scheme),
      },
      [],
    ),
  },
  ['openapi', 'info', 'paths'],
);
