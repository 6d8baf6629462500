/** There was no space on the disk: nothing was written, and the same may be tried again. */
export class DiskFullError extends Error {
  override name = 'DiskFullError';
}
