import type { Database } from 'better-sqlite3';
import { decodeConfiguration, encodeConfiguration } from '../consensus/raft/configuration-codec.ts';
import type { StatePlace } from '../replica/agenda-store.ts';

interface PlaceRow {
  readonly term: number;
  readonly configuration_index: number | null;
  readonly configuration: Buffer | null;
}

/** Table `raft_place` of agenda.db: written only when the term or the configuration changes. */
export function placeRow(database: Database): {
  read(): StatePlace;
  write(place: StatePlace): void;
} {
  const select = database.prepare<[], PlaceRow>(
    'SELECT term, configuration_index, configuration FROM raft_place',
  );
  const replace = database.prepare<[number, number | null, Uint8Array | null]>(
    `INSERT OR REPLACE INTO raft_place (one, term, configuration_index, configuration)
       VALUES (1, ?, ?, ?)`,
  );
  return {
    read() {
      const row = select.get();
      if (row === undefined) return { term: 0, configuration: null };
      const { term, configuration_index: index, configuration } = row;
      if (index === null || configuration === null) return { term, configuration: null };
      return { term, configuration: { index, configuration: decodeConfiguration(configuration) } };
    },
    write({ term, configuration: placed }) {
      const bytes = placed === null ? null : encodeConfiguration(placed.configuration);
      replace.run(term, placed?.index ?? null, bytes);
    },
  };
}
