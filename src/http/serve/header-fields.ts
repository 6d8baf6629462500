/**
 * Names and values in turn: the form in which Node writes header fields fastest, all in one call. A name
 * comes once.
 */
export type HeaderFields = readonly string[];
