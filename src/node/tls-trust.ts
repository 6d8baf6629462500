import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsFiles } from '../config.ts';
import { StartRefused } from './start-refused.ts';

/**
 * Whom this replica believes when it asks another over TLS: `TLS_CA_FILE`, or else its own certificate,
 * which all replicas then share.
 */
export function readTlsTrust(tls: TlsFiles | null): { tls?: { ca: string } } {
  if (tls === null) return {};
  return { tls: { ca: readFileSync(tls.ca_file ?? tls.cert_file, 'utf8') } };
}

/**
 * Looks at the files before anything listens.
 *
 * @throws {StartRefused} one cannot be read, or they are not a certificate and its key
 */
export function checkTls(tls: TlsFiles | null): void {
  if (tls === null) return;
  const cert = readPem('TLS_CERT_FILE', tls.cert_file);
  const key = readPem('TLS_KEY_FILE', tls.key_file);
  if (tls.ca_file !== null) readPem('TLS_CA_FILE', tls.ca_file);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartRefused(
      `TLS_CERT_FILE and TLS_KEY_FILE are '${tls.cert_file}' and '${tls.key_file}'; ` +
        `they should be a certificate and its key in PEM (${reason})`,
    );
  }
}

function readPem(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new StartRefused(
      `${name} is '${path}'; it should be the path of a file that can be read`,
    );
  }
}
