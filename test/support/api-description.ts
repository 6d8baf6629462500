import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import type {
  JsonSchema,
  OpenApiDocument,
  Operation,
  Parameter,
  Reference,
  ResponseObject,
} from '../../src/http/openapi/document.ts';

/** One method of one path, its references followed. */
export interface DescribedOperation {
  /** In capitals. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly is_public: boolean;
  readonly body: { readonly required: boolean; readonly schema: JsonSchema } | null;
  readonly statuses: readonly number[];
}

export interface SeenAnswer {
  readonly status: number;
  /** In lower case. */
  header(name: string): string | null;
  readonly text: string;
}

/** The description that a replica gives of itself, to test its answers against. */
export class ApiDescription {
  readonly document: OpenApiDocument;
  readonly operations: readonly DescribedOperation[];
  readonly #ajv: Ajv2020;

  static async read(origin: string): Promise<ApiDescription> {
    const response = await fetch(`${origin}/openapi.json`);
    if (response.status !== 200) throw new Error(`/openapi.json answers ${response.status}`);
    return new ApiDescription((await response.json()) as OpenApiDocument);
  }

  constructor(document: OpenApiDocument) {
    this.document = document;
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) =>
        this.#operation(method.toUpperCase(), path, operation),
      ),
    );
    this.#ajv = new Ajv2020({ strictTypes: false, allErrors: true, formats });
    // To look into it by pointers, ajv takes the whole document for a schema.
    this.#ajv.addVocabulary(Object.keys(document));
    this.#ajv.addSchema(
      { ...document, components: closed(document.components) },
      ROOT,
      true,
      false,
    );
  }

  /** What a reference names. */
  resolve<T extends object>(value: T | Reference): T {
    if (!('$ref' in value)) return value;
    let found: unknown = this.document;
    for (const step of value.$ref.slice('#/'.length).split('/')) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      found = (found as Record<string, unknown>)[name];
      if (found === undefined) throw new Error(`${value.$ref} names nothing`);
    }
    return found as T;
  }

  /** What is wrong with an answer of an operation, by its description; null: nothing. */
  complaintAbout(operation: DescribedOperation, answer: SeenAnswer): string | null {
    const { path, method } = operation;
    const where = ['paths', path, method.toLowerCase(), 'responses', String(answer.status)];
    const described = this.document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    if (described === undefined) return `${answer.status} is not among its answers`;
    const response = this.resolve<ResponseObject>(described);
    const missing = Object.keys(response.headers)
      .filter((name) => always_there.has(name))
      .find((name) => answer.header(name.toLowerCase()) === null);
    if (missing !== undefined) return `the header ${missing} is missing`;
    const [media_type] = Object.keys(response.content ?? {});
    if (media_type === undefined) return answer.text === '' ? null : 'it has a body';
    const sent_type = answer.header('content-type') ?? '';
    if (!sent_type.startsWith(media_type)) return `it is ${sent_type}, not ${media_type}`;
    if (!media_type.endsWith('json')) return null;
    const at = '$ref' in described ? described.$ref.slice('#/'.length).split('/') : where;
    return this.#complaintAboutJson([...at, 'content', media_type, 'schema'], answer.text);
  }

  /** What is wrong with a text as one of the named schemas; null: nothing. */
  complaintAboutNamed(name: string, text: string): string | null {
    return this.#complaintAboutJson(['components', 'schemas', name], text);
  }

  #complaintAboutJson(place: readonly string[], text: string): string | null {
    const validate = this.#validator(place);
    if (validate(JSON.parse(text))) return null;
    return this.#ajv.errorsText(validate.errors);
  }

  #validator(place: readonly string[]): ValidateFunction {
    const pointer = place
      .map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/');
    const validate = this.#ajv.getSchema(`${ROOT}#/${pointer}`);
    if (validate === undefined) throw new Error(`no schema at ${pointer}`);
    return validate as ValidateFunction;
  }

  #operation(method: string, path: string, operation: Operation): DescribedOperation {
    const { parameters, requestBody, responses, security } = operation;
    const [media_type] = Object.values(requestBody?.content ?? {});
    return {
      method,
      path,
      parameters: parameters.map((parameter) => this.resolve<Parameter>(parameter)),
      is_public: security.length === 0,
      body:
        requestBody === undefined || media_type === undefined
          ? null
          : {
              required: requestBody.required,
              schema: this.resolve<JsonSchema>(media_type.schema),
            },
      statuses: Object.keys(responses).map(Number),
    };
  }
}

const ROOT = 'api';

/** The others depend on what happened. */
const always_there = new Set([
  'X-Request-Id',
  'ETag',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
]);

const date = /^\d{4}-\d{2}-\d{2}$/;
const formats = {
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.(?!000)\d{3})?Z$/,
  date,
  email: /@/,
  uri: (text: string) => URL.canParse(text),
  'uri-reference': true,
} as const;

/** With nothing but what is described: a member that is missing in the description is found out. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map((item: unknown) => closed(item)) as T;
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.entries(schema).map(([name, part]) => [name, closed(part as unknown)]);
  const copy = Object.fromEntries(parts) as Record<string, unknown>;
  const is_open = 'required' in copy && 'properties' in copy && !('additionalProperties' in copy);
  return (is_open ? { ...copy, additionalProperties: false } : copy) as T;
}
