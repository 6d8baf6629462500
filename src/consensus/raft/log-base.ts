import type { Configuration } from './configuration.ts';
import type { LogIndex, Position } from './entry.ts';

/** A configuration with the entry that carries it. */
export interface PlacedConfiguration {
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

/**
 * What a cut log rests on: the entry before its first one, and the configuration that was in force there
 * (paper §7: "the latest configuration in the log as of last included index").
 */
export interface LogBase extends Position {
  readonly configuration: PlacedConfiguration;
}
