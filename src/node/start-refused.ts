/** The process cannot start as it was asked to; the message says why, in one line for a person. */
export class StartRefused extends Error {
  override name = 'StartRefused';
}

/** When it is the log that cannot be used. */
export const WHAT_TO_DO_ABOUT_A_LOG =
  'To give up what this disk holds, move it away and start with an empty DATA_DIR: the replica comes ' +
  'back as a new one. A replica that is the only one needs its backup.';
