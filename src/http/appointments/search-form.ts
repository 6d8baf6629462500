import { limits } from '../../limits.ts';
import { foldText } from '../fold.ts';

const ascii_only = /^[\s\x20-\x7e]*$/;

/** Folded, and without the marks that make accents. Only ever compared here, so no replica must agree. */
export function searchForm(text: string): string {
  if (ascii_only.test(text)) return text.toLowerCase();
  return foldText(text)
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '');
}

/**
 * The form of a text, piece by piece: each takes a small part of a turn of the event loop. A mark that is
 * cut off from its letter is left out all the same, so that together they are the form of the whole.
 */
export function* searchPieces(text: string): Generator<string, void> {
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + limits.search_piece_characters, text.length);
    if (isHighSurrogate(text.charCodeAt(to - 1))) to += 1;
    yield searchForm(text.slice(from, to));
    from = to;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd8_00 && unit < 0xdc_00;
}
