/** An entry cannot be put where a repair wants it: none is damaged there, or it is not of this log. */
export class RepairRefusedError extends Error {
  override name = 'RepairRefusedError';
}
