import { describe, expect, test } from '@jest/globals';
import { createFindLines } from '../../src/http/serve/find-lines.ts';
import { defineRoute } from '../../src/http/route.ts';
import type { Route } from '../../src/http/route.ts';

function line(method: Route['method'], path: string): Route {
  const description = { summary: '', success: { status: 204 } } as const;
  const handle = () => ({ status: 204 });
  return defineRoute({ method, path, kind: 'local', access: 'public', description, handle });
}

const findLines = createFindLines([
  line('GET', '/'),
  line('GET', '/things'),
  line('POST', '/things'),
  line('GET', '/things/newest'),
  line('GET', '/things/:id'),
  line('PUT', '/things/:id/:part'),
  line('GET', '/things/:other/parts'),
]);

/** Methods and parameters. */
function found(path: string) {
  const there = findLines(path);
  if (there === null || there === 'malformed') return there;
  return [there.lines.allowed, there.params];
}

describe('an address in the route table', () => {
  test('is found with all its methods, in the order of the table', () => {
    expect(found('/things')).toEqual(['GET, POST', {}]);
    expect(found('/')).toEqual(['GET', {}]);
    expect(found('')).toBeNull();
    expect(found('*')).toBeNull();
  });

  test('with parameters is found when no other is there, letter by letter', () => {
    expect(found('/things/newest')).toEqual(['GET', {}]);
    expect(found('/things/newest/')).toEqual(['GET', {}]);
    expect(found('/things/oldest')).toEqual(['GET', { id: 'oldest' }]);
    expect(found('/things/oldest//')).toBeNull();
    expect(found('/Things/oldest')).toBeNull();
    expect(found('/things//')).toBeNull();
    expect(found('/things//parts')).toBeNull();
    expect(found('/others/oldest')).toBeNull();
  });

  test('of two that fit, the first of the table', () => {
    expect(found('/things/a/parts')).toEqual(['PUT', { id: 'a', part: 'parts' }]);
  });

  test('parameters are decoded, each by itself', () => {
    expect(found('/things/a%2Fb%20%C3%B1')).toEqual(['GET', { id: 'a/b ñ' }]);
    expect(found('/things/__proto__')).toEqual(['GET', { id: '__proto__' }]);
    expect(found('/things/a/%')).toBe('malformed');
    expect(found('/things/%C3/b')).toBe('malformed');
    expect(found('/nothing/%')).toBeNull();
  });
});

describe('a table is refused', () => {
  test('with a line that no request could reach', () => {
    const hidden = [line('GET', '/things/:id'), line('GET', '/things/newest')];
    expect(() => createFindLines(hidden)).toThrow('hidden by an earlier one');
    expect(createFindLines([...hidden].reverse())('/things/newest')).not.toBeNull();
  });

  test('with two lines for one method', () => {
    const twice = [line('GET', '/things'), line('GET', '/things')];
    expect(() => createFindLines(twice)).toThrow('two lines');
  });
});
