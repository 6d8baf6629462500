/** The bounds of reading agendas and lists, and of searching: part of `limits`. */
export const reading_limits = {
  /** Appointments of an agenda read that are handled in one turn of the event loop. */
  agenda_slice: 200,
  /** Characters of their texts, about, and how many are read at once where texts are not counted. */
  agenda_slice_characters: 100_000,
  agenda_texts_read_at_once: 32,
  /**
   * Large agenda reads at the same time, each with a connection and a state of its own, and those of one
   * person.
   */
  agenda_snapshots_max: 8,
  agenda_snapshots_per_person_max: 2,
  /**
   * One after the other they could keep the WAL from ever beginning anew: beyond this there are none, until
   * it is cut.
   */
  agenda_snapshot_wal_bytes_max: 256 * 1024 * 1024,
  /** An answer that is made while it is sent ends when its client reads nothing for so long, and by then. */
  stream_stalled_ms: 10_000,
  stream_ms_max: 60_000,
  /** Appointments in one agenda read. */
  agenda_items_max: 100_000,
  /** Span of one agenda read, in years of the calendar. */
  agenda_span_years_max: 5,
  /** Texts of a search, and appointments and characters looked at for one page of its answer. */
  search_query_characters_max: 200,
  search_examined_max: 5_000,
  search_examined_characters_max: 1_000_000,
  /** One turn of a search looks at so many appointments, and folds about so many characters, in pieces. */
  search_slice_rows: 100,
  search_slice_characters: 10_000,
  search_piece_characters: 1_000,
  /** Searches at the same time, those that wait for their turn, and both of one person. */
  searches_at_once: 2,
  searches_waiting_max: 16,
  searches_per_person_max: 4,
  /** Items in a page of a list, and how many without being asked. */
  list_items_max: 1_000,
  list_items_default: 100,
  /** Characters of the long texts in it: beyond, a page is shorter. */
  page_characters_max: 500_000,
} as const;
