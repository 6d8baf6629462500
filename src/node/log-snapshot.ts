import type { Logger } from 'pino';
import { unreachable } from '../base/assert.ts';
import type { SnapshotEvent } from '../consensus/ports.ts';

/** What the log says of a snapshot. */
export function logSnapshot(log: Logger, event: SnapshotEvent): void {
  switch (event.kind) {
    case 'sent': {
      const { node_id } = event.to;
      log.info({ to: node_id, ...figuresOf(event) }, 'a replica was brought up by a snapshot');
      return;
    }
    case 'installed':
      log.info(figuresOf(event), 'a snapshot was installed');
      return;
    case 'failed':
      log.warn({ err: event.error, what: event.what }, 'a snapshot failed; it is tried again');
      return;
    default:
      return unreachable(event);
  }
}

function figuresOf({
  manifest,
  duration_ms,
}: Exclude<SnapshotEvent, { kind: 'failed' }>): Readonly<Record<string, string | number>> {
  const { snapshot_id, base, bytes, state_bytes } = manifest;
  return { snapshot_id, index: base.index, bytes, state_bytes, duration_ms };
}
