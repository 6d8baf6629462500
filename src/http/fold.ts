import { isAssigned } from './assigned-characters.ts';

/**
 * The form under which names are the same: NFKC and full case folding (Unicode 14.0, section 3.13, D146),
 * independent of place in the word and of language. Computed once, before the log; apply compares bytes.
 * Callers have checked {@link hasOnlyAssignedCharacters}: then every supported Node gives the same.
 */
export function foldText(text: string): string {
  const once = foldCase(text.normalize('NFKC')).normalize('NFKC');
  return foldCase(once).normalize('NFKC');
}

/** Whether all characters are assigned in the pinned Unicode version: no surrogate, no private use. */
export function hasOnlyAssignedCharacters(text: string): boolean {
  for (const character of text) {
    if (!isAssigned(character.codePointAt(0) ?? -1)) return false;
  }
  return true;
}

const ascii_only = /^[\u0020-\u007e]*$/;
const DOTLESS_I = '\u0131';

/**
 * Lower → upper → lower, character by character (a final sigma is a sigma), is the full case fold of every
 * character of the pinned version but the dotless i, which folds to itself.
 */
function foldCase(text: string): string {
  if (ascii_only.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) {
    if (character === DOTLESS_I) {
      folded += character;
      continue;
    }
    for (const upper of character.toLowerCase().toUpperCase()) folded += upper.toLowerCase();
  }
  return folded;
}
