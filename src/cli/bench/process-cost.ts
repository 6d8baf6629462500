import { readFileSync } from 'node:fs';

/** The kernel's clock ticks a second, as every Linux reports them in /proc. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process and its threads have used, in microseconds; null where there is no /proc. */
export function cpuMicroseconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? (ticks * 1_000_000) / TICKS_PER_SECOND : null;
  } catch {
    return null;
  }
}

/** The value of a line in the Prometheus text format, named with its labels; null where there is none. */
export function gaugeOf(text: string, name: string): number | null {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
}

/** The sum and the count of a histogram in the Prometheus text format. */
export function histogramOf(text: string, name: string): { sum: number; count: number } {
  const read = (suffix: string): number => {
    const match = new RegExp(`^${name}_${suffix}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
    return match === null ? 0 : Number(match[1]);
  };
  return { sum: read('sum'), count: read('count') };
}
