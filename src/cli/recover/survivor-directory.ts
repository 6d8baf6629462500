import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { decodeConfiguration } from '../../consensus/raft/configuration-codec.ts';
import { allMembers } from '../../consensus/raft/configuration.ts';
import type { Configuration } from '../../consensus/raft/configuration.ts';
import type { StoredLog } from '../../consensus/ports.ts';
import type { Survivor, RecoveryPlan } from '../../consensus/recovery/plan-recovery.ts';
import { GROUP_ID } from '../../node/group-id.ts';
import { openDataDirectory } from '../../storage/data-directory.ts';
import type { DataDirectory } from '../../storage/data-directory.ts';
import { LogDatabase } from '../../storage/log-database.ts';
import { NodeDatabase } from '../../storage/node-database.ts';
import { CommandError } from '../operator/settings.ts';

/** A stopped replica's data directory, held until it is closed. */
export interface SurvivorDirectory {
  readonly path: string;
  readonly survivor: Survivor;
  /** Of agenda.db; null: there is none, the log builds it again. */
  readonly applied_index: number | null;
  /** Writes the plan's entry; it is on the disk when this returns. */
  recover(plan: RecoveryPlan): void;
  close(): void;
}

/** @throws {CommandError} it is in use, holds no replica, or one that can be no survivor */
export function openSurvivor(data_dir: string): SurvivorDirectory {
  const path = resolve(data_dir);
  if (!existsSync(join(path, 'raft.db'))) {
    throw new CommandError(
      `--data is '${path}'; it should be the DATA_DIR of a replica, with a raft.db in it`,
    );
  }
  const opened = openDataDirectory(path);
  if (!opened.ok) {
    const { kind, message } = opened.error;
    throw new CommandError(kind === 'in_use' ? `${message}: stop the replica first` : message);
  }
  const directory = opened.value;
  try {
    const log = new LogDatabase({ path: directory.raft_path, group_id: GROUP_ID });
    try {
      return survivorDirectory(directory, log);
    } catch (error) {
      log.close();
      throw error;
    }
  } catch (error) {
    directory.release();
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${directory.raft_path} cannot be used: ${reason}`);
  }
}

/** The one in force at the end of the log; null: there is no log. */
function lastConfiguration(stored: StoredLog): Configuration | null {
  const last = stored.configuration_entries.at(-1);
  if (last !== undefined) return decodeConfiguration(last.payload);
  return stored.base_configuration?.configuration ?? null;
}

function survivorDirectory(directory: DataDirectory, log: LogDatabase): SurvivorDirectory {
  const { path } = directory;
  const { storage_id } = log.readIdentity();
  const stored = log.load();
  const { hard_state, commit_index, last_index, term_starts, before_first } = stored;
  const configuration = lastConfiguration(stored);
  if (configuration === null) {
    throw new CommandError(
      `${path} holds no log of a cluster: that replica is empty, start it as a new one`,
    );
  }
  const member = allMembers(configuration).find((one) => one.storage_id === storage_id);
  if (member === undefined) {
    throw new CommandError(
      `${path}: this disk is of no member of the cluster in its own log: it cannot be gone on from`,
    );
  }
  const survivor: Survivor = {
    member,
    term: hard_state.term,
    last: { index: last_index, term: term_starts.at(-1)?.term ?? before_first.term },
    commit_index,
    configuration,
  };
  return {
    path,
    survivor,
    applied_index: readAppliedIndex(directory.agenda_path),
    recover({ entry, dead, configuration: next }) {
      log.write([
        {
          kind: 'persist',
          write_id: 1,
          hard_state: { term: entry.term, voted_for: null },
          truncate_from: null,
          base: null,
          entries: [entry],
          commit_index,
        },
      ]);
      const node_database = new NodeDatabase(directory.node_path);
      node_database.recordEvent(Date.now(), 'recovered', {
        index: entry.index,
        term: entry.term,
        incarnation: next.incarnation ?? 0,
        voters: next.voters.map(({ node_id }) => node_id),
        dead: dead.map(({ node_id }) => node_id),
      });
      node_database.close();
    },
    close() {
      log.close();
      directory.release();
    },
  };
}

function readAppliedIndex(agenda_path: string): number | null {
  if (!existsSync(agenda_path)) return null;
  try {
    const database = new Database(agenda_path, { readonly: true });
    try {
      const index = database.prepare('SELECT last_applied FROM raft_meta').pluck().get();
      return typeof index === 'number' ? index : null;
    } finally {
      database.close();
    }
  } catch {
    // It is built again from the log, if need be.
    return null;
  }
}
