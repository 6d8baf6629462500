import type { Logger } from 'pino';
import type { Decide } from '../agenda/decide/decision.ts';
import { ChangeFeed } from '../replica/change-feed.ts';
import { AgendaStateMachine } from '../replica/state-machine.ts';
import { openAgendaStore } from '../storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../storage/agenda-store.ts';
import { startCheckpointer } from '../storage/checkpointer.ts';
import type { Checkpointer } from '../storage/checkpointer.ts';
import { isDatabaseDamaged, noteDamage } from '../storage/database-damaged.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import type { DataDirectory } from '../storage/data-directory.ts';
import { openLogStore } from '../storage/log-store.ts';
import type { OpenedLogStore } from '../storage/log-store.ts';
import { NodeDatabase } from '../storage/node-database.ts';
import { replaceState } from '../storage/replace-state.ts';
import { SqliteSnapshotStore } from '../storage/snapshot-store.ts';
import { setWrongStateAside } from './rebuild-state.ts';
import { StartRefused, WHAT_TO_DO_ABOUT_A_LOG } from './start-refused.ts';

export interface NodeStorageOptions {
  readonly data_dir: string;
  readonly group_id: string;
  readonly log: Logger;
  readonly decide: Decide | undefined;
  readonly onCommandFailed: () => void;
  /** Writes to the log wait for space on the disk, or no longer do. */
  readonly onDiskFull: (is_full: boolean) => void;
  readonly onBroken: (error: unknown) => void;
}

/** All that a replica keeps on its disk, opened. */
export interface NodeStorage {
  readonly directory: DataDirectory;
  readonly log_store: OpenedLogStore;
  readonly storage_id: string;
  readonly agenda_store: SqliteAgendaStore;
  readonly state_machine: AgendaStateMachine;
  readonly change_feed: ChangeFeed;
  readonly node_database: NodeDatabase;
  readonly checkpointer: Checkpointer;
  readonly snapshot_store: SqliteSnapshotStore;
  /** The state cannot be gone on from; when it is damaged, the next start builds it again. */
  stateBroken(error: unknown): void;
  /** High to low; the data directory is free afterwards. */
  close(): Promise<void>;
}

/** Pages that are changed again and again are written once in it; after a power cut so much is applied again. */
const CHECKPOINT_INTERVAL_MS = 3_000;

/** @throws {StartRefused} the directory is in use or cannot be used */
export async function openStorage(options: NodeStorageOptions): Promise<NodeStorage> {
  const { data_dir, group_id, log, onDiskFull, onBroken } = options;
  const opened = openDataDirectory(data_dir);
  if (!opened.ok) throw new StartRefused(`DATA_DIR: ${opened.error.message}`);
  const directory = opened.value;
  const log_store = await openLogStore({ path: directory.raft_path, group_id, onDiskFull }).catch(
    (error: unknown) => {
      const { message } = unusable(directory.raft_path, error);
      throw new StartRefused(
        isLogLost(message) ? `${message}. ${WHAT_TO_DO_ABOUT_A_LOG}` : message,
      );
    },
  );
  const { storage_id } = await log_store.identity.read();
  const node_database = new NodeDatabase(directory.node_path);
  setWrongStateAside(directory.agenda_path, node_database, log);
  if (replaceState(directory.agenda_path)) log.info('a snapshot was put in place');
  const { store: agenda_store, set_aside } = openState(directory.agenda_path, storage_id);
  if (set_aside !== null) {
    log.warn({ set_aside }, 'the state found is damaged, or of another log; it is built again');
  }
  const { state_machine, change_feed } = openMachine(agenda_store, options);
  const stateBroken = (error: unknown): void => {
    try {
      if (isDatabaseDamaged(error)) noteDamage(directory.agenda_path);
    } catch (failure) {
      // No space, perhaps: the next start finds the damage by itself, or applying does once more.
      log.error({ err: failure }, 'the state is damaged, and that cannot be noted');
    }
    onBroken(error);
  };
  const checkpointer = startCheckpointer({
    path: directory.agenda_path,
    interval_ms: CHECKPOINT_INTERVAL_MS,
    onFailed: stateBroken,
  });
  const snapshot_store = new SqliteSnapshotStore({
    directory: directory.snapshots_path,
    agenda_path: directory.agenda_path,
    storage_id,
    agenda_store,
    checkpointer,
  });
  return {
    directory,
    log_store,
    storage_id,
    agenda_store,
    state_machine,
    change_feed,
    node_database,
    checkpointer,
    snapshot_store,
    stateBroken,
    async close() {
      await snapshot_store.close();
      await checkpointer.stop();
      agenda_store.close();
      node_database.close();
      await log_store.close();
      directory.release();
    },
  };
}

function openMachine(
  agenda_store: SqliteAgendaStore,
  { log, decide, onCommandFailed }: NodeStorageOptions,
): Pick<NodeStorage, 'state_machine' | 'change_feed'> {
  const change_feed = new ChangeFeed({
    start_index: agenda_store.readMeta().applied_index,
    onListenerError: (error) => log.error({ err: error }, 'a follower of the change feed failed'),
  });
  const state_machine = new AgendaStateMachine({
    store: agenda_store,
    change_feed,
    observer: {
      onDecideFailed(index, kind, error) {
        onCommandFailed();
        log.error({ err: error, index, kind }, 'a command failed by a defect; nothing was changed');
      },
    },
    ...(decide === undefined ? {} : { decide }),
  });
  return { state_machine, change_feed };
}

function openState(path: string, storage_id: string): ReturnType<typeof openAgendaStore> {
  try {
    return openAgendaStore({ path, storage_id });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** By what SQLite says of a file that it cannot read: across the thread, the words are all there is. */
function isLogLost(message: string): boolean {
  return message.includes('not a database') || message.includes('malformed');
}

function unusable(path: string, error: unknown): StartRefused {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartRefused(`${path} cannot be used: ${reason}`);
}
