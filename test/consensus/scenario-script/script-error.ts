/** A script that cannot be played: what is wrong, and where. */
export class ScriptError extends Error {
  override name = 'ScriptError';

  constructor(
    file: string,
    place: { readonly line: number; readonly text: string },
    problem: string,
    options: ErrorOptions = {},
  ) {
    super(`${file}:${place.line}: "${place.text}": ${problem}`, options);
  }
}
