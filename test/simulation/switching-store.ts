import type { Database } from 'better-sqlite3';
import type { RowChange } from '../../src/agenda/change.ts';
import type { ExpiryView } from '../../src/agenda/view.ts';
import type {
  AgendaStore,
  RequestStore,
  StateMeta,
  StatePlace,
} from '../../src/replica/agenda-store.ts';
import type { AuditChain } from '../../src/replica/audit-chain.ts';
import { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';

/** The real store over a database in memory, which a snapshot can exchange. */
export class SwitchingStore implements AgendaStore {
  #store: SqliteAgendaStore;

  constructor(database: Database) {
    this.#store = new SqliteAgendaStore(database);
  }

  switchTo(database: Database): void {
    this.#store = new SqliteAgendaStore(database);
  }

  get view(): AgendaStore['view'] {
    return this.#store.view;
  }

  get requests(): RequestStore {
    return this.#store.requests;
  }

  get expiry(): ExpiryView {
    return this.#store.expiry;
  }

  readMeta(): StateMeta {
    return this.#store.readMeta();
  }

  writeMeta(meta: StateMeta): void {
    this.#store.writeMeta(meta);
  }

  readPlace(): StatePlace {
    return this.#store.readPlace();
  }

  writePlace(place: StatePlace): void {
    this.#store.writePlace(place);
  }

  readAuditChain(): AuditChain {
    return this.#store.readAuditChain();
  }

  writeAuditChain(chain: AuditChain): void {
    this.#store.writeAuditChain(chain);
  }

  write(changes: readonly RowChange[]): void {
    this.#store.write(changes);
  }

  transaction<T>(body: () => T): T {
    return this.#store.transaction(body);
  }

  isStorageFailure(error: unknown): boolean {
    return this.#store.isStorageFailure(error);
  }
}
