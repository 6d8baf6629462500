import { describe, expect, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { ifMatchOf } from '../../src/http/if-match.ts';
import { limits } from '../../src/limits.ts';

function parsed(field?: string): readonly number[] | null {
  const headers = field === undefined ? {} : { 'if-match': field };
  return ifMatchOf({ headers } as IncomingMessage);
}

describe('If-Match', () => {
  test.each([
    ['absent', undefined],
    ['a star', '*'],
    ['a star in spaces', ' * '],
  ])('%s: any version will do', (_, field) => {
    expect(parsed(field)).toBeNull();
  });

  test.each([
    ['the ETag of an answer', '"3"', [3]],
    ['the bare version', '3', [3]],
    ['several', '"3", "12"', [3, 12]],
    ['one that is no version matches nothing', '"abc"', []],
    ['zero is no version', '"0"', []],
    ['an empty one matches nothing', '""', []],
  ])('%s', (_, field, versions) => {
    expect(parsed(field)).toEqual(versions);
  });

  test.each(['', '"3', 'abc', '"3" "4"', "'3'", '"3",', 'W/"3"', 'w/"3"', '-1'])(
    '%j is refused',
    (field) => {
      expect(() => parsed(field)).toThrow('invalid_request');
    },
  );

  test('as many as the bound', () => {
    const versions = (count: number): string => Array(count).fill('"1"').join(',');
    expect(parsed(versions(limits.if_match_versions_max))).toHaveLength(100);
    expect(() => parsed(versions(limits.if_match_versions_max + 1))).toThrow('invalid_request');
  });
});
