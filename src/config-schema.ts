import { isIP } from 'node:net';
import { z } from 'zod';
import { isWildcardHost, parseHostPort } from './base/host-port.ts';
import type { HostPort } from './base/host-port.ts';
import { limits } from './limits.ts';

/**
 * The variables one by one; how they depend on each other is in `config.ts`. Every message completes the
 * sentence "it should be …".
 */

const SECRET_BYTES_MIN = 32;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u;
const ORIGIN = 'an http or https URL of host and port only, like https://agenda.example.org';
const DIALABLE = 'host:port that others can dial, like agenda-1:8080';
const MEMBERS = 'names of replicas separated by commas, like agenda-1,agenda-2,agenda-3';
const PROXIES =
  'IP addresses, networks like 10.0.0.0/8, or loopback, linklocal, uniquelocal, separated by commas';

/** Text that `parse` understands; null means that it does not. */
function parsed<T>(should: string, parse: (text: string) => T | null) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: should });
    return z.NEVER;
  });
}

function integer(min: number, max: number) {
  return parsed(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^-?\d{1,12}$/u.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : null;
  });
}

function choice<const T extends readonly [string, ...string[]]>(choices: T) {
  return z.enum(choices, { error: `one of ${choices.join(', ')}` });
}

/** Refuses what is announced for a later version by saying so. */
function onlyChoice<const T extends string>(only: T, later: string) {
  return parsed<T>(`${only}: ${later} is not available in this version`, (text) =>
    text === only ? only : null,
  );
}

function secret(bytes_min: number) {
  const should = `a secret of at least ${bytes_min} bytes`;
  return parsed(should, (text) => (Buffer.byteLength(text) >= bytes_min ? text : null));
}

function list<T>(should: string, parseItem: (item: string) => T | null) {
  return parsed<readonly T[]>(should, (text) => {
    const items = text.split(',').map((item) => parseItem(item.trim()));
    return items.every((item) => item !== null) ? items : null;
  });
}

function dialable(text: string): string | null {
  const host_port = parseHostPort(text);
  return host_port === null || isWildcardHost(host_port.host) ? null : text;
}

function name(text: string): string | null {
  return NAME.test(text) ? text : null;
}

function origin(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const is_bare = url.pathname === '/' && url.search === '' && url.hash === '';
  const has_user = url.username !== '' || url.password !== '';
  const is_web = url.protocol === 'http:' || url.protocol === 'https:';
  return is_web && is_bare && !has_user ? url.origin : null;
}

function dnsName(text: string): string | null {
  return parseHostPort(`${text}:1`) !== null && isIP(text) === 0 && !text.includes(':')
    ? text
    : null;
}

function proxy(text: string): string | null {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return text;
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  if (prefix === undefined) return text;
  const bits_max = version === 4 ? 32 : 128;
  return /^\d{1,3}$/u.test(prefix) && Number(prefix) <= bits_max ? text : null;
}

const listen_address = parsed<HostPort>('host:port to listen on, like 0.0.0.0:8080', parseHostPort);
const file = z.string().min(1, { error: 'the path of a file' });

/** All variables, as text or absent; an empty one is absent. Unknown ones are none of our business. */
export const environment_schema = z.object({
  NODE_ID: parsed('up to 63 letters, digits, dots, dashes, underscores', name).optional(),
  HTTP_ADDR: listen_address.default({ host: '0.0.0.0', port: 8080 }),
  ADVERTISE_ADDR: parsed(DIALABLE, dialable).optional(),
  PUBLIC_URL: parsed(ORIGIN, origin).optional(),
  LEADER_ROUTING: choice(['auto', 'redirect', 'forward']).default('auto'),
  DATA_DIR: z.string().default('./data'),
  CLUSTER_HMAC_SECRET: secret(SECRET_BYTES_MIN).optional(),
  JWT_SECRET: secret(SECRET_BYTES_MIN).optional(),
  AUDIT_API_TOKEN: secret(1).optional(),
  TLS_CERT_FILE: file.optional(),
  TLS_KEY_FILE: file.optional(),
  TLS_CA_FILE: file.optional(),
  CLUSTER_SIZE: integer(1, limits.cluster_size_max).optional(),
  CLUSTER_MEMBERS: list(MEMBERS, name).optional(),
  RPC_ADDR: listen_address.optional(),
  DISCOVERY_SEEDS: list('host:port separated by commas, like agenda-1:8080', dialable).optional(),
  SWARM_SERVICE_NAME: parsed('the name of a Swarm service', dnsName).optional(),
  SWARM_SERVICE_PORT: integer(1, 65_535).optional(),
  DISCOVERY_DNS_NAME: parsed('a DNS name', dnsName).optional(),
  DISCOVERY_DNS_SERVER: parsed('host:port of a resolver, like 127.0.0.11:53', dialable).optional(),
  ELECTION_TIMEOUT_MS: integer(50, 60_000).default(1_200),
  HEARTBEAT_MS: integer(10, 10_000).default(150),
  REPLICATION_FACTOR: integer(1, limits.cluster_size_max).optional(),
  JWT_TTL_S: integer(60, 31_536_000).default(43_200),
  REGISTRATION: choice(['open', 'closed']).default('open'),
  LEADER_PRIORITY: integer(0, 1_000).default(0),
  SNAPSHOT_ENTRIES: integer(100, 10_000_000).default(10_000),
  AGENDA_SHARDS: onlyChoice('single', 'domain').default('single'),
  AGENDA_ROLE: onlyChoice('replica', 'gateway').default('replica'),
  TRUST_PROXY: parsed<readonly string[]>(PROXIES, (text) => {
    if (text === 'none') return [];
    const proxies = text.split(',').map((item) => proxy(item.trim()));
    return proxies.every((item) => item !== null) ? proxies : null;
  }).default([]),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_FORMAT: choice(['json', 'pretty']).default('json'),
});

export type Environment = z.infer<typeof environment_schema>;
export type VariableName = keyof Environment;

/** Their values appear in no message and no print-out; each can also come from `NAME_FILE`. */
export const SECRET_NAMES = [
  'CLUSTER_HMAC_SECRET',
  'JWT_SECRET',
  'AUDIT_API_TOKEN',
] as const satisfies readonly VariableName[];

/** Any of them says that this is to be a replica among others. */
export const DISCOVERY_NAMES = [
  'DISCOVERY_SEEDS',
  'SWARM_SERVICE_NAME',
  'SWARM_SERVICE_PORT',
  'DISCOVERY_DNS_NAME',
  'DISCOVERY_DNS_SERVER',
] as const satisfies readonly VariableName[];
