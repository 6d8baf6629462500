import type { Database } from 'better-sqlite3';
import { assert } from '../base/assert.ts';

/** One step of a schema: SQL, or code for what SQL cannot say. Released steps never change. */
export type MigrationStep = string | ((database: Database) => void);

/** The database was written by a newer program. */
export class DatabaseTooNewError extends Error {
  override name = 'DatabaseTooNewError';
}

/**
 * Brings the schema to the last step in one transaction; `user_version` counts the steps done.
 *
 * @throws {DatabaseTooNewError} the database has more steps than this program knows
 */
export function migrate(database: Database, steps: readonly MigrationStep[]): void {
  const bring = database.transaction(() => {
    const done = database.pragma('user_version', { simple: true });
    assert(typeof done === 'number' && done >= 0, `odd user_version: ${String(done)}`);
    if (done > steps.length) {
      throw new DatabaseTooNewError(
        `${database.name} has schema version ${done}, this program knows up to ${steps.length}: ` +
          'it was written by a newer program, run that one',
      );
    }
    for (const step of steps.slice(done)) {
      if (typeof step === 'string') database.exec(step);
      else step(database);
    }
    if (done < steps.length) database.pragma(`user_version = ${steps.length}`);
  });
  bring.immediate();
}
