/** The process cannot start as it was asked to; the message says why, in one line for a person. */
export class StartRefused extends Error {
  override name = 'StartRefused';
}
