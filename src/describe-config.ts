import { formatHostPort } from './base/host-port.ts';
import type { Config } from './config.ts';
import type { VariableName } from './config-schema.ts';

const SET = '(set, not shown)';
const JWT_SECRET_TEXTS = {
  given: SET,
  derived: '(derived from CLUSTER_HMAC_SECRET)',
  data_dir: '(random, kept in DATA_DIR)',
} as const;

/** The effective configuration, one `NAME=value` a line, without any secret. */
export function describeConfig(config: Config): string {
  const { tls, discovery } = config;
  const values: Record<VariableName, string | number | null> = {
    NODE_ID: config.node_id,
    HTTP_ADDR: formatHostPort(config.http_addr),
    ADVERTISE_ADDR: config.advertise_addr,
    PUBLIC_URL: config.public_url,
    LEADER_ROUTING: config.leader_routing,
    DATA_DIR: config.data_dir,
    CLUSTER_HMAC_SECRET: config.cluster_hmac_secret === null ? null : SET,
    JWT_SECRET: JWT_SECRET_TEXTS[config.jwt_secret.source],
    AUDIT_API_TOKEN: config.audit_api_token === null ? null : SET,
    TLS_CERT_FILE: tls?.cert_file ?? null,
    TLS_KEY_FILE: tls?.key_file ?? null,
    TLS_CA_FILE: tls?.ca_file ?? null,
    CLUSTER_SIZE: config.cluster_size,
    CLUSTER_MEMBERS: config.cluster_members.join(','),
    RPC_ADDR: config.rpc_addr === null ? null : formatHostPort(config.rpc_addr),
    DISCOVERY_SEEDS: discovery.seeds.length === 0 ? null : discovery.seeds.join(','),
    SWARM_SERVICE_NAME: discovery.swarm_service_name,
    SWARM_SERVICE_PORT: discovery.swarm_service_port,
    DISCOVERY_DNS_NAME: discovery.dns_name,
    DISCOVERY_DNS_SERVER: discovery.dns_server,
    ELECTION_TIMEOUT_MS: config.election_timeout_ms,
    HEARTBEAT_MS: config.heartbeat_ms,
    REPLICATION_FACTOR: config.replication_factor,
    JWT_TTL_S: config.jwt_ttl_s,
    REGISTRATION: config.registration,
    LEADER_PRIORITY: config.leader_priority,
    SNAPSHOT_ENTRIES: config.snapshot_entries,
    AGENDA_SHARDS: config.agenda_shards,
    AGENDA_ROLE: config.agenda_role,
    TRUST_PROXY: config.trust_proxy.length === 0 ? 'none' : config.trust_proxy.join(','),
    LOG_LEVEL: config.log_level,
    LOG_FORMAT: config.log_format,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value ?? '(unset)'}\n`)
    .join('');
}
