import { hkdfSync } from 'node:crypto';
import { formatHostPort } from './base/host-port.ts';
import type { HostPort } from './base/host-port.ts';
import { compareNodeIds } from './consensus/bootstrap/member-order.ts';
import { ConfigError } from './config-error.ts';
import { DISCOVERY_NAMES, environment_schema, SECRET_NAMES } from './config-schema.ts';
import type { Environment, VariableName } from './config-schema.ts';

/** What one replica runs with; see `docs/` for the meaning of every variable. */
export interface Config {
  readonly node_id: string;
  readonly http_addr: HostPort;
  /** `host:port`. */
  readonly advertise_addr: string;
  /** An origin. */
  readonly public_url: string | null;
  readonly leader_routing: Environment['LEADER_ROUTING'];
  readonly data_dir: string;
  /** Null only for a lone replica, which talks to no other. */
  readonly cluster_hmac_secret: string | null;
  readonly jwt_secret: JwtSecret;
  /** Null: the audit endpoint is off. */
  readonly audit_api_token: string | null;
  readonly tls: TlsFiles | null;
  /** Whether there are, or may be, other replicas. */
  readonly is_cluster: boolean;
  readonly cluster_size: number;
  /** Ordered; as many as `cluster_size`; this replica is one of them. */
  readonly cluster_members: readonly string[];
  /** Null: the same port as the API. */
  readonly rpc_addr: HostPort | null;
  readonly discovery: DiscoveryConfig;
  readonly election_timeout_ms: number;
  readonly heartbeat_ms: number;
  readonly replication_factor: number;
  readonly jwt_ttl_s: number;
  readonly registration: Environment['REGISTRATION'];
  readonly leader_priority: number;
  readonly snapshot_entries: number;
  readonly agenda_shards: Environment['AGENDA_SHARDS'];
  readonly agenda_role: Environment['AGENDA_ROLE'];
  readonly trust_proxy: readonly string[];
  readonly log_level: Environment['LOG_LEVEL'];
  readonly log_format: Environment['LOG_FORMAT'];
}

type JwtSecret =
  | { readonly source: 'given'; readonly key: Uint8Array }
  /** From `CLUSTER_HMAC_SECRET`: the same on all replicas. */
  | { readonly source: 'derived'; readonly key: Uint8Array }
  /** A random one that a lone replica keeps: see `secrets.ts`. */
  | { readonly source: 'data_dir' };

export interface TlsFiles {
  readonly cert_file: string;
  readonly key_file: string;
  readonly ca_file: string | null;
}

interface DiscoveryConfig {
  /** `host:port`. */
  readonly seeds: readonly string[];
  readonly swarm_service_name: string | null;
  readonly swarm_service_port: number;
  readonly dns_name: string | null;
  /** `host:port`; null: the system's. */
  readonly dns_server: string | null;
}

export interface ConfigSources {
  /** `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The host's name, for `ADVERTISE_ADDR`. */
  readonly host_name: string;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

const LONE_NODE_ID = 'agenda-1';
const DEFAULT_SERVICE_PORT = 8080;
const JWT_KEY_BYTES = 32;
const SHOWN_CHARACTERS_MAX = 300;
/** A follower must miss several heartbeats before it stands. */
const HEARTBEATS_PER_ELECTION_TIMEOUT = 5;

/**
 * The configuration of this process.
 *
 * @throws {ConfigError} a variable is missing or bad; the message names it, what it holds and what it
 * should
 */
export function loadConfig(sources: ConfigSources): Config {
  const environment = parseEnvironment(readSecretFiles(sources));
  const membership = membershipOf(environment);
  checkTimes(environment);
  const http_addr = environment.HTTP_ADDR;
  const cluster_hmac_secret = environment.CLUSTER_HMAC_SECRET ?? null;
  if (membership.is_cluster && cluster_hmac_secret === null) {
    throw missing('CLUSTER_HMAC_SECRET', 'a secret of at least 32 bytes, the same on all replicas');
  }
  return {
    ...membership,
    http_addr,
    advertise_addr: advertisedAddress(environment, sources.host_name),
    public_url: environment.PUBLIC_URL ?? null,
    leader_routing: environment.LEADER_ROUTING,
    data_dir: environment.DATA_DIR,
    cluster_hmac_secret,
    jwt_secret: jwtSecretOf(environment),
    audit_api_token: environment.AUDIT_API_TOKEN ?? null,
    tls: tlsOf(environment),
    rpc_addr: rpcAddressOf(environment),
    discovery: {
      seeds: environment.DISCOVERY_SEEDS ?? [],
      swarm_service_name: environment.SWARM_SERVICE_NAME ?? null,
      swarm_service_port: environment.SWARM_SERVICE_PORT ?? DEFAULT_SERVICE_PORT,
      dns_name: environment.DISCOVERY_DNS_NAME ?? null,
      dns_server: environment.DISCOVERY_DNS_SERVER ?? null,
    },
    election_timeout_ms: environment.ELECTION_TIMEOUT_MS,
    heartbeat_ms: environment.HEARTBEAT_MS,
    jwt_ttl_s: environment.JWT_TTL_S,
    registration: environment.REGISTRATION,
    leader_priority: environment.LEADER_PRIORITY,
    snapshot_entries: environment.SNAPSHOT_ENTRIES,
    agenda_shards: environment.AGENDA_SHARDS,
    agenda_role: environment.AGENDA_ROLE,
    trust_proxy: environment.TRUST_PROXY,
    log_level: environment.LOG_LEVEL,
    log_format: environment.LOG_FORMAT,
  };
}

/** The environment without empty variables, and with the secrets that are in files. */
function readSecretFiles({ env, readFile }: ConfigSources): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '') values[name] = value;
  }
  for (const name of SECRET_NAMES) {
    const file_name = `${name}_FILE`;
    const path = values[file_name];
    if (path === undefined) continue;
    if (values[name] !== undefined) {
      throw new ConfigError(
        name,
        `${name} and ${file_name} are both set; it should be one of them`,
      );
    }
    values[name] = readSecret(file_name, path, readFile);
  }
  return values;
}

function readSecret(file_name: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path).replace(/[\r\n]+$/u, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw bad(file_name, path, `the path of a file that can be read (${code})`);
  }
}

function parseEnvironment(values: Record<string, string>): Environment {
  const result = environment_schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0]);
  throw bad(name, values[name] ?? '', issue?.message ?? 'something else');
}

type Membership = Pick<
  Config,
  'node_id' | 'is_cluster' | 'cluster_size' | 'cluster_members' | 'replication_factor'
>;

function membershipOf(environment: Environment): Membership {
  const discovery_name = DISCOVERY_NAMES.find((name) => environment[name] !== undefined);
  if (discovery_name !== undefined && environment.CLUSTER_SIZE === undefined) {
    const reason = `because ${discovery_name} is set`;
    throw missing('CLUSTER_SIZE', `how many replicas form the first configuration, ${reason}`);
  }
  const cluster_size = environment.CLUSTER_SIZE ?? 1;
  const is_cluster = cluster_size > 1 || discovery_name !== undefined;
  if (is_cluster && environment.NODE_ID === undefined) {
    throw missing('NODE_ID', "this replica's name in the cluster, like agenda-1");
  }
  const node_id = environment.NODE_ID ?? LONE_NODE_ID;
  const cluster_members = is_cluster
    ? (environment.CLUSTER_MEMBERS ?? derivedMembers(node_id, cluster_size))
    : (environment.CLUSTER_MEMBERS ?? [node_id]);
  checkMembers(cluster_members, node_id, cluster_size, is_cluster);
  const replication_factor = environment.REPLICATION_FACTOR ?? cluster_size;
  if (replication_factor > cluster_size) {
    const should = `at most CLUSTER_SIZE, which is ${cluster_size}`;
    throw bad('REPLICATION_FACTOR', String(replication_factor), should);
  }
  return {
    node_id,
    is_cluster,
    cluster_size,
    cluster_members: [...cluster_members].sort(compareNodeIds),
    replication_factor,
  };
}

/**
 * `NODE_ID` without its final number, followed by 1 to `CLUSTER_SIZE`. A higher number is that of a replica
 * that comes later.
 */
function derivedMembers(node_id: string, cluster_size: number): readonly string[] {
  const [number = ''] = /[1-9]\d*$/u.exec(node_id) ?? [];
  const prefix = node_id.replace(/\d+$/u, '');
  if (number === '' || `${prefix}${number}` !== node_id) {
    const range = `${prefix}1 to ${prefix}${cluster_size}, or a higher number to join those`;
    const reason = `CLUSTER_SIZE is ${cluster_size} and CLUSTER_MEMBERS is not set`;
    throw bad('NODE_ID', node_id, `one of ${range}, because ${reason}`);
  }
  return Array.from({ length: cluster_size }, (_, index) => `${prefix}${index + 1}`);
}

/** A replica in a cluster need not be among them: then it joins those that are. */
function checkMembers(
  members: readonly string[],
  node_id: string,
  cluster_size: number,
  is_cluster: boolean,
): void {
  const distinct = new Set(members).size;
  if (distinct !== members.length || distinct !== cluster_size) {
    const should = `${cluster_size} different names, because CLUSTER_SIZE is ${cluster_size}`;
    throw bad('CLUSTER_MEMBERS', members.join(','), should);
  }
  if (!is_cluster && !members.includes(node_id)) {
    throw bad('CLUSTER_MEMBERS', members.join(','), `a list with NODE_ID, which is ${node_id}`);
  }
}

function checkTimes({ ELECTION_TIMEOUT_MS, HEARTBEAT_MS }: Environment): void {
  const election_timeout_ms_min = HEARTBEATS_PER_ELECTION_TIMEOUT * HEARTBEAT_MS;
  if (ELECTION_TIMEOUT_MS >= election_timeout_ms_min) return;
  const reason = `${HEARTBEATS_PER_ELECTION_TIMEOUT} times HEARTBEAT_MS, which is ${HEARTBEAT_MS}`;
  const should = `at least ${election_timeout_ms_min}: ${reason}`;
  throw bad('ELECTION_TIMEOUT_MS', String(ELECTION_TIMEOUT_MS), should);
}

function advertisedAddress(environment: Environment, host_name: string): string {
  if (environment.ADVERTISE_ADDR !== undefined) return environment.ADVERTISE_ADDR;
  const address = formatHostPort({ host: host_name, port: environment.HTTP_ADDR.port });
  if (environment_schema.shape.ADVERTISE_ADDR.safeParse(address).success) return address;
  throw missing(
    'ADVERTISE_ADDR',
    `host:port, because the host's name "${host_name}" is no address`,
  );
}

function rpcAddressOf({ RPC_ADDR, HTTP_ADDR }: Environment): HostPort | null {
  if (RPC_ADDR === undefined) return null;
  if (formatHostPort(RPC_ADDR) === formatHostPort(HTTP_ADDR)) {
    throw bad('RPC_ADDR', formatHostPort(RPC_ADDR), 'another port than HTTP_ADDR, or unset');
  }
  return RPC_ADDR;
}

function jwtSecretOf({ JWT_SECRET, CLUSTER_HMAC_SECRET }: Environment): JwtSecret {
  if (JWT_SECRET !== undefined) return { source: 'given', key: Buffer.from(JWT_SECRET, 'utf8') };
  if (CLUSTER_HMAC_SECRET === undefined) return { source: 'data_dir' };
  const key = hkdfSync('sha256', CLUSTER_HMAC_SECRET, '', 'agenda user tokens', JWT_KEY_BYTES);
  return { source: 'derived', key: new Uint8Array(key) };
}

function tlsOf({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE }: Environment): TlsFiles | null {
  const set_name =
    (TLS_CERT_FILE !== undefined && 'TLS_CERT_FILE') ||
    (TLS_KEY_FILE !== undefined && 'TLS_KEY_FILE') ||
    (TLS_CA_FILE !== undefined && 'TLS_CA_FILE');
  if (set_name === false) return null;
  const should = `the path of a PEM file, because ${set_name} is set`;
  if (TLS_CERT_FILE === undefined) throw missing('TLS_CERT_FILE', should);
  if (TLS_KEY_FILE === undefined) throw missing('TLS_KEY_FILE', should);
  return { cert_file: TLS_CERT_FILE, key_file: TLS_KEY_FILE, ca_file: TLS_CA_FILE ?? null };
}

function missing(variable: VariableName, should: string): ConfigError {
  return new ConfigError(variable, `${variable} is not set; it should be ${should}`);
}

/** JSON keeps what the variable holds on one line; a password in a URL is a secret as well. */
function bad(variable: string, value: string, should: string): ConfigError {
  const is_secret = SECRET_NAMES.some((name) => name === variable);
  const shown = value.slice(0, SHOWN_CHARACTERS_MAX).replace(/\/\/[^/]*@/u, '//…@');
  const holds = is_secret
    ? `holds ${Buffer.byteLength(value)} bytes`
    : `is ${JSON.stringify(shown)}`;
  return new ConfigError(variable, `${variable} ${holds}; it should be ${should}`);
}
