import { expect, test } from '@jest/globals';
import { searchForm, searchPieces } from '../../../src/http/appointments/search-form.ts';
import { limits } from '../../../src/limits.ts';

const PIECE = limits.search_piece_characters;

test.each([
  ['an accent of its own', 'e\u0301', 'e'],
  ['an iota below, which is a letter', '\u03b1\u0345', '\u03b1\u03b9'],
  ['syllables in parts', '\u1100\u1161', '\u1100\u1161'],
  ['a pair of surrogates', '\u{1d400}', 'a'],
  ['plain letters', 'No', 'no'],
])('pieces are the form of the whole, wherever it is cut: %s', (_, text, form) => {
  for (const before of [PIECE - 2, PIECE - 1, PIECE]) {
    const whole = 'x'.repeat(before) + text + 'Y';
    const pieces = [...searchPieces(whole)];
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(`${'x'.repeat(before)}${form}y`);
    expect(pieces.join('')).toBe(searchForm(whole));
  }
});

test('of nothing there are none', () => {
  expect([...searchPieces('')]).toEqual([]);
});
