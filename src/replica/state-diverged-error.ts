/** A majority of the voters have another state than this replica, which must not go on from its own. */
export class StateDivergedError extends Error {
  override name = 'StateDivergedError';
}
