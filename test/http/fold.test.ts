import { describe, expect, test } from '@jest/globals';
import { isAssigned } from '../../src/http/assigned-characters.ts';
import { foldText, hasOnlyAssignedCharacters } from '../../src/http/fold.ts';

describe('the same under case folding and NFKC', () => {
  test.each([
    ['STRASSE', 'straße'],
    ['STRAẞE', 'strasse'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['οδυσσευς', 'οδυσσευσ'],
    ['\ufb01n', 'FIN'],
    ['Ångström', 'A\u030angstro\u0308m'],
    ['Ω', '\u2126'],
    ['K', '\u212a'],
    ['ａｎａ', 'Ana'],
    ['\u0130', 'i\u0307'],
  ])('%s and %s', (one, other) => {
    expect(foldText(one)).toBe(foldText(other));
  });

  test('a dotless i is not an i', () => {
    expect(foldText('\u0131')).not.toBe(foldText('i'));
  });

  test('folding twice changes nothing', () => {
    for (let code_point = 0; code_point <= 0x10ffff; code_point += 1) {
      if (!isAssigned(code_point)) continue;
      const folded = foldText(String.fromCodePoint(code_point));
      if (foldText(folded) !== folded) throw new Error(`U+${code_point.toString(16)}`);
    }
  });
});

test('what the pinned version assigns, every Node assigns; what is newer is refused', () => {
  const assigned = /\p{Assigned}/u;
  let count = 0;
  for (let code_point = 0; code_point <= 0x10ffff; code_point += 1) {
    if (!isAssigned(code_point)) continue;
    count += 1;
    if (!assigned.test(String.fromCodePoint(code_point))) throw new Error(`U+${code_point}`);
  }
  // 144 697 graphic and format characters of Unicode 14.0, and 65 control characters.
  expect(count).toBe(144_762);
  expect(hasOnlyAssignedCharacters('ana\u{1f600}')).toBe(true);
  for (const text of ['\u{1fae8}', '\ue000', '\ud800', '\u0378']) {
    expect(hasOnlyAssignedCharacters(text)).toBe(false);
  }
});
