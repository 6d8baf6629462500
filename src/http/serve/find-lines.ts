import { assert } from '../../base/assert.ts';
import type { Route } from '../route.ts';

/** What the route table has at one address. */
interface AddressLines {
  readonly by_method: ReadonlyMap<string, Route>;
  /** The methods, for `Allow`. */
  readonly allowed: string;
}

export interface FoundLines {
  readonly lines: AddressLines;
  /** What stands in the place of the parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Null: nothing of the table is there. `malformed`: a parameter is not well encoded. */
export type FindLines = (path: string) => FoundLines | 'malformed' | null;

/** A template with parameters. */
interface Pattern {
  /** Between the slashes; null: a parameter, whose name is in the same place. */
  readonly texts: readonly (string | null)[];
  readonly names: readonly string[];
  readonly lines: AddressLines;
}

const NO_PARAMETERS: Readonly<Record<string, string>> = {};

/**
 * Looks addresses up in the route table as Express would: letter by letter, with or without a slash at the
 * end, and where two templates fit, the first of the table.
 */
export function createFindLines(routes: readonly Route[]): FindLines {
  const whole = new Map<string, FoundLines>();
  const patterns_by_length = new Map<number, Pattern[]>();
  for (const [template, lines] of linesByTemplate(routes)) {
    const segments = template.split('/');
    const rivals = patterns_by_length.get(segments.length) ?? [];
    if (!template.includes(':')) {
      assert(!rivals.some((rival) => fits(rival, segments)), 'a line hidden by an earlier one');
      whole.set(template, { lines, params: NO_PARAMETERS });
      continue;
    }
    const names = segments.map((text) => text.slice(1));
    const texts = segments.map((text) => (text.startsWith(':') ? null : text));
    patterns_by_length.set(segments.length, [...rivals, { texts, names, lines }]);
  }
  return (path) => {
    const stem = path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path;
    const known = whole.get(stem);
    if (known !== undefined) return known;
    const segments = stem.split('/');
    const pattern = patterns_by_length.get(segments.length)?.find((one) => fits(one, segments));
    if (pattern === undefined) return null;
    const params = parametersIn(pattern, segments);
    return params === null ? 'malformed' : { lines: pattern.lines, params };
  };
}

function linesByTemplate(routes: readonly Route[]): ReadonlyMap<string, AddressLines> {
  const by_template = new Map<string, Map<string, Route>>();
  for (const route of routes) {
    const by_method = by_template.get(route.path) ?? new Map<string, Route>();
    assert(!by_method.has(route.method), 'two lines for one method of one address');
    by_template.set(route.path, by_method.set(route.method, route));
  }
  return new Map(
    [...by_template].map(([template, by_method]) => [
      template,
      { by_method, allowed: [...by_method.keys()].join(', ') },
    ]),
  );
}

function fits({ texts }: Pattern, segments: readonly string[]): boolean {
  for (let at = 0; at < texts.length; at += 1) {
    const wanted = texts[at];
    const segment = segments[at];
    if (wanted === null ? segment === '' : segment !== wanted) return false;
  }
  return true;
}

function parametersIn(
  { texts, names }: Pattern,
  segments: readonly string[],
): Readonly<Record<string, string>> | null {
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    const name = names[at];
    if (texts[at] !== null || name === undefined) continue;
    const value = decode(segment);
    if (value === null) return null;
    params[name] = value;
  }
  return params;
}

function decode(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
