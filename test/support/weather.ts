/** How the network and the disks behave; percentages are of messages. */
export interface Weather {
  readonly delay_ms_max: number;
  /** These take a second: longer than elections do. */
  readonly straggler_percent: number;
  readonly drop_percent: number;
  readonly duplicate_percent: number;
  readonly disk_ms_max: number;
}

export const FAIR_WEATHER: Weather = {
  delay_ms_max: 4,
  straggler_percent: 0,
  drop_percent: 0,
  duplicate_percent: 0,
  disk_ms_max: 3,
};
