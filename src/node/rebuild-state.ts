import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { limits } from '../limits.ts';
import type { NodeDatabase } from '../storage/node-database.ts';
import { filesSetAside, setAside } from '../storage/set-aside.ts';
import { StartRefused } from './start-refused.ts';

/**
 * Before agenda.db is opened: when the last run stopped because it was wrong, it is set aside, to be looked
 * at, and the log builds the state again. See `docs/decisions/0013-the-odd-one-out.md`.
 *
 * @throws {StartRefused} so many were set aside by now that building it again helps nobody
 */
export function setWrongStateAside(
  agenda_path: string,
  node_database: NodeDatabase,
  log: Logger,
): void {
  if (!node_database.is_state_wrong) return;
  const earlier = filesSetAside(agenda_path);
  const recent_since_ms = Date.now() - limits.states_set_aside_within_ms;
  const recent = earlier.filter(({ at_ms }) => at_ms > recent_since_ms);
  if (
    recent.length >= limits.states_set_aside_max ||
    earlier.length >= limits.states_set_aside_in_all_max
  ) {
    const names = earlier.map(({ name }) => name).join(', ');
    throw new StartRefused(
      `the state in ${agenda_path} differs from that of a majority, again: ${earlier.length} were ` +
        `set aside before (${names}), ${recent.length} of them within a day. Find out why first: another version of the ` +
        `program, or a disk or memory that fails? Then remove those files from ` +
        `${dirname(agenda_path)} and start again`,
    );
  }
  // A crash after it was set aside: there may be nothing, and nothing is lost by doing it again.
  const set_aside = existsSync(agenda_path) ? setAside(agenda_path) : null;
  node_database.recordEvent(Date.now(), 'state_rebuilt', { set_aside });
  node_database.clearStateWrong();
  log.warn({ set_aside }, 'the state was found wrong in the last run; the log builds it again');
}
