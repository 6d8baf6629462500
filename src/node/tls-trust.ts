import { readFileSync } from 'node:fs';
import type { TlsFiles } from '../config.ts';

/**
 * Whom this replica believes when it asks another over TLS: `TLS_CA_FILE`, or else its own certificate,
 * which all replicas then share.
 */
export function readTlsTrust(tls: TlsFiles | null): { tls?: { ca: string } } {
  if (tls === null) return {};
  return { tls: { ca: readFileSync(tls.ca_file ?? tls.cert_file, 'utf8') } };
}
