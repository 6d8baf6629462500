/** The words of a command are not what it takes. */
export class UsageError extends Error {
  override name = 'UsageError';
}
