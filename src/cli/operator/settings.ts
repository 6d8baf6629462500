import { readFileSync } from 'node:fs';
import { formatHostPort, isWildcardHost, parseHostPort } from '../../base/host-port.ts';
import type { TlsTrust } from '../../consensus/rpc/lane.ts';

export type CliEnvironment = Readonly<Record<string, string | undefined>>;

/** Whom an operator's command asks, and as whom. */
export interface OperatorSettings {
  /** `host:port`. */
  readonly at: string;
  /** The cluster's; the operators' key is derived from it. */
  readonly secret: string;
  /** Null: without TLS. */
  readonly tls: TlsTrust | null;
}

/** What the command was given is not enough, or wrong; the message says what would be right. */
export class CommandError extends Error {
  override name = 'CommandError';
}

const SECRET = 'CLUSTER_HMAC_SECRET';
const SECRET_BYTES_MIN = 32;
const DEFAULT_AT = '127.0.0.1:8080';

/**
 * The same variables as those of a replica, so that inside of its container nothing needs to be said.
 *
 * @throws {CommandError}
 */
export function operatorSettings(env: CliEnvironment, at: string | undefined): OperatorSettings {
  const address = at ?? defaultAddress(env);
  if (parseHostPort(address) === null) {
    throw new CommandError(
      `--at is '${address}'; it should be host:port of a replica, like agenda-1:8080`,
    );
  }
  return { at: address, secret: clusterSecret(env), tls: tlsTrust(env) };
}

/** The port for replicas where there is one, as that one takes operators' calls. */
function defaultAddress(env: CliEnvironment): string {
  const rpc = parseHostPort(env['RPC_ADDR'] ?? '');
  const api = parseHostPort(env['ADVERTISE_ADDR'] ?? '') ?? parseHostPort(env['HTTP_ADDR'] ?? '');
  if (rpc === null && api === null) return DEFAULT_AT;
  const host = api?.host ?? rpc?.host ?? '';
  const port = rpc?.port ?? api?.port ?? 0;
  return formatHostPort({ host: isWildcardHost(host) ? '127.0.0.1' : host, port });
}

function clusterSecret(env: CliEnvironment): string {
  const given = env[SECRET] ?? '';
  const path = env[`${SECRET}_FILE`] ?? '';
  if (given !== '' && path !== '') {
    throw new CommandError(`${SECRET} and ${SECRET}_FILE are both set; it should be one of them`);
  }
  if (given === '' && path === '') {
    throw new CommandError(
      `${SECRET} or ${SECRET}_FILE should be set, to what the replicas have: the command is ` +
        'signed with a key derived from it. (For `npm start` it is in data/demo/cluster-secret)',
    );
  }
  const secret = path === '' ? given : readText(`${SECRET}_FILE`, path).replace(/[\r\n]+$/u, '');
  if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) {
    const name = path === '' ? SECRET : `the file of ${SECRET}_FILE`;
    throw new CommandError(`${name} should hold a secret of at least ${SECRET_BYTES_MIN} bytes`);
  }
  return secret;
}

function tlsTrust(env: CliEnvironment): TlsTrust | null {
  for (const name of ['TLS_CA_FILE', 'TLS_CERT_FILE']) {
    const path = env[name] ?? '';
    if (path !== '') return { ca: readText(name, path) };
  }
  return null;
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CommandError(
      `${name} is '${path}'; it should be the path of a file that can be read (${code})`,
    );
  }
}
