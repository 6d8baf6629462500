import type { Delays, Joining } from './join.ts';
import type { Footprint } from './replica-figures.ts';
import type { WriteFigures } from './write-load.ts';

/** The replicas after some of the filling. */
export interface FilledTo {
  readonly what: string;
  readonly writes: WriteFigures;
  readonly leader: Footprint;
  readonly follower: Footprint;
}

interface Phase<T> {
  readonly outcome: T;
  readonly writes: WriteFigures;
}

export interface HistoryFigures {
  readonly filled: readonly FilledTo[];
  readonly writes_only: Phase<Delays>;
  /** Milliseconds until it was ready. */
  readonly restart: Phase<number>;
  readonly joining: Phase<Joining>;
}

const MEGABYTE = 1_000_000;

/** Tables in Markdown. */
export function describeHistory(figures: HistoryFigures): string {
  return [
    '',
    ...footprints(figures.filled),
    '',
    ...events(figures),
    '',
    ...delaysAndWrites(figures),
    '',
    'Sizes are with the WAL, in MB. The state holds a row of the audit for every entry. Delays are the longest',
    'of the event loop meanwhile, in ms; all processes and the clients share this machine.',
  ].join('\n');
}

function footprints(filled: readonly FilledTo[]): string[] {
  const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);
  const rows = filled.map(({ what, leader, follower, writes }) => {
    const pair = (of: (one: Footprint) => number): string =>
      `${megabytes(of(leader))} / ${megabytes(of(follower))}`;
    return [
      what,
      String(leader.applied_index),
      pair((one) => one.log_bytes),
      pair((one) => one.state_bytes),
      pair((one) => one.resident_bytes),
      writes.per_second.toFixed(0),
      String(writes.failed),
    ];
  });
  const heads = ['after', 'entries', 'raft.db', 'agenda.db', 'RSS', 'writes/s', 'failed'];
  return table(heads, rows);
}

function events({ restart, joining }: HistoryFigures): string[] {
  const seconds = (value_ms: number): string => (value_ms / 1000).toFixed(1);
  const { answered_ms, learner_ms, installed_ms, caught_up_ms, voter_ms } = joining.outcome;
  return table(
    ['what', 'seconds'],
    [
      ['a killed follower starts, until it is ready', seconds(restart.outcome)],
      ['a new replica starts, until it answers', seconds(answered_ms)],
      ['… until it is a learner', seconds(learner_ms)],
      ['… until its snapshot is installed', seconds(installed_ms)],
      ['… until it has caught up', seconds(caught_up_ms)],
      ['one voter more is wanted, until it votes', seconds(voter_ms)],
    ],
  );
}

function delaysAndWrites({ writes_only, restart, joining }: HistoryFigures): string[] {
  const { until_answered, until_caught_up, until_voter } = joining.outcome;
  const blank = ['', '', '', '', ''];
  const loops = ['leader', 'follower', 'new one'];
  const heads = ['what', ...loops, 'writes', 'failed', 'p50 ms', 'p99 ms', 'max ms'];
  return table(heads, [
    ['writes only', ...delayCells(writes_only.outcome), ...writeCells(writes_only.writes)],
    ['a follower is killed and starts', '', '', '', ...writeCells(restart.writes)],
    ['a new replica joins', '', '', '', ...writeCells(joining.writes)],
    ['… its process starts', ...delayCells({ ...until_answered, newcomer_ms: null }), ...blank],
    ['… a snapshot is made, sent, installed', ...delayCells(until_caught_up), ...blank],
    ['… it comes to vote', ...delayCells(until_voter), ...blank],
  ]);
}

function delayCells({ leader_ms, follower_ms, newcomer_ms }: Delays): string[] {
  return [leader_ms, follower_ms, newcomer_ms].map((delay_ms) => delay_ms?.toFixed(0) ?? '');
}

function writeCells({ succeeded, failed, p50_ms, p99_ms, max_ms }: WriteFigures): string[] {
  return [
    String(succeeded + failed),
    String(failed),
    ...[p50_ms, p99_ms, max_ms].map((latency_ms) => latency_ms.toFixed(0)),
  ];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)];
}
