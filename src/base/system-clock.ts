/** Random at every start, so that no reading of an earlier boot's clock passes for one of this. */
const BOOT_OFFSET_SPAN_MS = 2 ** 40;

/** Real time for the drivers: monotonic milliseconds from an origin of this boot's own. */
export function createSystemClock(): SystemClock {
  const offset_ms = Math.floor(Math.random() * BOOT_OFFSET_SPAN_MS);
  return {
    now_ms: () => performance.now() + offset_ms,
    every(interval_ms, callback) {
      const timer = setInterval(callback, interval_ms);
      return () => clearInterval(timer);
    },
    after(delay_ms, callback) {
      const timer = setTimeout(callback, delay_ms);
      return () => clearTimeout(timer);
    },
    soon(callback) {
      setImmediate(callback);
    },
  };
}

export interface SystemClock {
  now_ms(): number;
  every(interval_ms: number, callback: () => void): () => void;
  after(delay_ms: number, callback: () => void): () => void;
  soon(callback: () => void): void;
}
