import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '../src/config-error.ts';
import { loadConfig } from '../src/config.ts';
import type { Config } from '../src/config.ts';
import { describeConfig } from '../src/describe-config.ts';
import { loadOrCreateLoneSecret } from '../src/secrets.ts';

type Env = Readonly<Record<string, string | undefined>>;

const SECRET = 'cluster-secret-of-more-than-32-bytes';
const OTHER_SECRET = 'jwt-secret-that-has-more-than-32-bytes';
const SEVEN: Env = {
  NODE_ID: 'agenda-3',
  CLUSTER_SIZE: '7',
  CLUSTER_HMAC_SECRET: SECRET,
  DISCOVERY_SEEDS: 'agenda-1:8080, agenda-2:8080',
};

function load(env: Env, files: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({
    env,
    host_name: 'box',
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
  });
}

function refusal(env: Env, files?: Readonly<Record<string, string>>): string {
  try {
    load(env, files);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, variable } = error as ConfigError;
    expect(message).not.toContain('\n');
    expect(message.startsWith(variable)).toBe(true);
    return message;
  }
  throw new Error('the configuration was accepted');
}

describe('a lone replica', () => {
  test('needs nothing', () => {
    expect(load({})).toEqual({
      node_id: 'agenda-1',
      http_addr: { host: '0.0.0.0', port: 8080 },
      advertise_addr: 'box:8080',
      public_url: null,
      leader_routing: 'auto',
      data_dir: './data',
      cluster_hmac_secret: null,
      jwt_secret: { source: 'data_dir' },
      audit_api_token: null,
      tls: null,
      is_cluster: false,
      cluster_size: 1,
      cluster_members: ['agenda-1'],
      rpc_addr: null,
      discovery: {
        seeds: [],
        swarm_service_name: null,
        swarm_service_port: 8080,
        dns_name: null,
        dns_server: null,
      },
      election_timeout_ms: 1200,
      heartbeat_ms: 150,
      replication_factor: 1,
      jwt_ttl_s: 43_200,
      registration: 'open',
      leader_priority: 0,
      snapshot_entries: 10_000,
      agenda_shards: 'single',
      agenda_role: 'replica',
      trust_proxy: [],
      log_level: 'info',
      log_format: 'json',
    });
  });

  test('may have any name', () => {
    expect(load({ NODE_ID: 'kitchen' }).cluster_members).toEqual(['kitchen']);
    expect(load({ NODE_ID: 'agenda-3', CLUSTER_SIZE: '1' }).is_cluster).toBe(false);
  });

  test('takes empty variables for unset ones', () => {
    expect(load({ CLUSTER_SIZE: '', NODE_ID: '', JWT_SECRET: '' }).node_id).toBe('agenda-1');
  });
});

describe('a cluster', () => {
  test('names its members after NODE_ID, in the order of their numbers', () => {
    expect(load(SEVEN)).toMatchObject({
      is_cluster: true,
      cluster_size: 7,
      replication_factor: 7,
      discovery: { seeds: ['agenda-1:8080', 'agenda-2:8080'] },
      cluster_members: [1, 2, 3, 4, 5, 6, 7].map((number) => `agenda-${number}`),
    });
    const eleven = load({ ...SEVEN, CLUSTER_SIZE: '11' }).cluster_members;
    expect(eleven.slice(-2)).toEqual(['agenda-10', 'agenda-11']);
  });

  test('takes CLUSTER_MEMBERS as they are named', () => {
    const env = { ...SEVEN, NODE_ID: 'b', CLUSTER_SIZE: '2', CLUSTER_MEMBERS: 'b, a' };
    expect(load(env).cluster_members).toEqual(['a', 'b']);
  });

  test('has room for a replica that comes later, under a name that is not among the first', () => {
    const seven = load(SEVEN).cluster_members;
    expect(load({ ...SEVEN, NODE_ID: 'agenda-8' }).cluster_members).toEqual(seven);
    const named = load({ ...SEVEN, CLUSTER_SIZE: '2', CLUSTER_MEMBERS: 'a,b' });
    expect(named).toMatchObject({ node_id: 'agenda-3', cluster_members: ['a', 'b'] });
  });

  test.each<[string, Env, string]>([
    ['no NODE_ID', { NODE_ID: undefined }, 'NODE_ID is not set; it should be'],
    [
      'no CLUSTER_SIZE',
      { CLUSTER_SIZE: undefined },
      'CLUSTER_SIZE is not set; it should be how many',
    ],
    ['no secret', { CLUSTER_HMAC_SECRET: undefined }, 'CLUSTER_HMAC_SECRET is not set'],
    ['a name without number', { NODE_ID: 'agenda' }, 'NODE_ID is "agenda"; it should be one of'],
    [
      'another number form',
      { NODE_ID: 'agenda-03' },
      'NODE_ID is "agenda-03"; it should be one of',
    ],
    [
      'too few members',
      { CLUSTER_MEMBERS: 'agenda-3' },
      'CLUSTER_MEMBERS is "agenda-3"; it should be 7 different names',
    ],
    [
      'a member twice',
      { CLUSTER_SIZE: '2', CLUSTER_MEMBERS: 'agenda-3,agenda-3' },
      'CLUSTER_MEMBERS is',
    ],
    ['an empty member', { CLUSTER_SIZE: '2', CLUSTER_MEMBERS: 'agenda-3,' }, 'CLUSTER_MEMBERS is'],
    [
      'too many voters',
      { REPLICATION_FACTOR: '8' },
      'REPLICATION_FACTOR is "8"; it should be at most CLUSTER_SIZE, which is 7',
    ],
  ])('refuses %s', (_name, env, message) => {
    expect(refusal({ ...SEVEN, ...env })).toContain(message);
  });

  test.each([
    ['DISCOVERY_SEEDS', 'a:1'],
    ['SWARM_SERVICE_NAME', 'agenda'],
    ['SWARM_SERVICE_PORT', '80'],
    ['DISCOVERY_DNS_NAME', 'agenda.example.org'],
    ['DISCOVERY_DNS_SERVER', '127.0.0.1:53'],
  ])('%s without CLUSTER_SIZE refuses to start', (name, value) => {
    const message = refusal({ [name]: value, NODE_ID: 'agenda-1', CLUSTER_HMAC_SECRET: SECRET });
    expect(message).toContain('CLUSTER_SIZE is not set');
    expect(message).toContain(name);
  });

  test('of one with a discovery variable is a cluster', () => {
    expect(refusal({ DISCOVERY_SEEDS: 'a:1', CLUSTER_SIZE: '1' })).toContain('NODE_ID is not set');
  });
});

describe('secrets', () => {
  test('come from files, without the newline at the end', () => {
    const config = load(
      {
        ...SEVEN,
        CLUSTER_HMAC_SECRET: undefined,
        CLUSTER_HMAC_SECRET_FILE: '/s',
        AUDIT_API_TOKEN_FILE: '/a',
      },
      { '/s': `${SECRET}\n`, '/a': 'token\r\n' },
    );
    expect(config.cluster_hmac_secret).toBe(SECRET);
    expect(config.audit_api_token).toBe('token');
  });

  test('given twice are refused', () => {
    const message = refusal({ ...SEVEN, CLUSTER_HMAC_SECRET_FILE: '/s' }, { '/s': SECRET });
    expect(message).toContain('CLUSTER_HMAC_SECRET and CLUSTER_HMAC_SECRET_FILE are both set');
  });

  test('in a file that is not there are refused', () => {
    const message = refusal({ JWT_SECRET_FILE: '/nowhere' });
    expect(message).toBe(
      'JWT_SECRET_FILE is "/nowhere"; it should be the path of a file that can be read (ENOENT)',
    );
  });

  test('too short are refused without being shown', () => {
    const message = refusal({ JWT_SECRET: 'swordfish' });
    expect(message).toBe('JWT_SECRET holds 9 bytes; it should be a secret of at least 32 bytes');
    expect(refusal({ CLUSTER_HMAC_SECRET_FILE: '/s' }, { '/s': 'swordfish\n' })).not.toContain(
      'sword',
    );
    expect(refusal({ PUBLIC_URL: 'https://me:swordfish@example.org' })).not.toContain('sword');
  });

  test('for tokens: given, derived, or the data directory’s', () => {
    const given = load({ ...SEVEN, JWT_SECRET: OTHER_SECRET }).jwt_secret;
    expect(given).toEqual({ source: 'given', key: Buffer.from(OTHER_SECRET) });
    const derived = load(SEVEN).jwt_secret;
    expect(derived).toEqual(load({ ...SEVEN, NODE_ID: 'agenda-4' }).jwt_secret);
    expect(derived.source === 'derived' && derived.key.length).toBe(32);
    expect(derived).not.toEqual(load({ ...SEVEN, CLUSTER_HMAC_SECRET: OTHER_SECRET }).jwt_secret);
  });
});

describe('each variable', () => {
  test.each<[string, string]>([
    ['NODE_ID', 'a b'],
    ['HTTP_ADDR', '8080'],
    ['HTTP_ADDR', '0.0.0.0:70000'],
    ['ADVERTISE_ADDR', '0.0.0.0:8080'],
    ['ADVERTISE_ADDR', 'http://box:8080'],
    ['PUBLIC_URL', 'agenda.example.org'],
    ['PUBLIC_URL', 'https://agenda.example.org/path'],
    ['PUBLIC_URL', 'ftp://agenda.example.org'],
    ['LEADER_ROUTING', 'maybe'],
    ['CLUSTER_SIZE', '0'],
    ['CLUSTER_SIZE', '3.5'],
    ['CLUSTER_SIZE', 'seven'],
    ['RPC_ADDR', 'box'],
    ['RPC_ADDR', '0.0.0.0:8080'],
    ['DISCOVERY_SEEDS', 'agenda-1'],
    ['SWARM_SERVICE_NAME', 'a/b'],
    ['SWARM_SERVICE_PORT', '0'],
    ['DISCOVERY_DNS_NAME', 'not a name'],
    ['DISCOVERY_DNS_SERVER', '127.0.0.11'],
    ['ELECTION_TIMEOUT_MS', '749'],
    ['ELECTION_TIMEOUT_MS', '1e3'],
    ['HEARTBEAT_MS', '0'],
    ['JWT_TTL_S', '-1'],
    ['REGISTRATION', 'yes'],
    ['LEADER_PRIORITY', 'high'],
    ['SNAPSHOT_ENTRIES', '1'],
    ['AGENDA_SHARDS', 'many'],
    ['TRUST_PROXY', 'everyone'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['LOG_LEVEL', 'loud'],
    ['LOG_FORMAT', 'xml'],
  ])('%s=%s is refused, saying what it should be', (name, value) => {
    const cluster = name.startsWith('DISCOVERY') || name.startsWith('SWARM') ? SEVEN : {};
    const message = refusal({ ...cluster, [name]: value });
    expect(message.startsWith(`${name} is ${JSON.stringify(value)}; it should be `)).toBe(true);
  });

  test.each([
    ['AGENDA_SHARDS', 'domain'],
    ['AGENDA_ROLE', 'gateway'],
  ])('%s=%s is not available yet', (name, value) => {
    expect(refusal({ [name]: value })).toContain(`${value} is not available in this version`);
  });

  test('is taken as given', () => {
    const config = load({
      ...SEVEN,
      HTTP_ADDR: '[::1]:9000',
      ADVERTISE_ADDR: '[fd00::1]:9000',
      PUBLIC_URL: 'https://Three.example.org/',
      LEADER_ROUTING: 'forward',
      RPC_ADDR: '0.0.0.0:9001',
      ELECTION_TIMEOUT_MS: '500',
      HEARTBEAT_MS: '100',
      REPLICATION_FACTOR: '5',
      TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::/8',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'pretty',
      LEADER_PRIORITY: '3',
    });
    expect(config).toMatchObject({
      http_addr: { host: '::1', port: 9000 },
      advertise_addr: '[fd00::1]:9000',
      public_url: 'https://three.example.org',
      leader_routing: 'forward',
      rpc_addr: { host: '0.0.0.0', port: 9001 },
      election_timeout_ms: 500,
      heartbeat_ms: 100,
      replication_factor: 5,
      trust_proxy: ['loopback', '10.0.0.0/8', 'fd00::/8'],
      log_level: 'debug',
      log_format: 'pretty',
      leader_priority: 3,
    });
  });

  test('of TLS needs the pair', () => {
    expect(refusal({ TLS_CERT_FILE: 'c' })).toContain('TLS_KEY_FILE is not set');
    expect(refusal({ TLS_KEY_FILE: 'k' })).toContain('TLS_CERT_FILE is not set');
    expect(refusal({ TLS_CA_FILE: 'a' })).toContain('TLS_CERT_FILE is not set');
    expect(load({ TLS_KEY_FILE: 'k', TLS_CERT_FILE: 'c' }).tls).toEqual({
      cert_file: 'c',
      key_file: 'k',
      ca_file: null,
    });
  });
});

describe('the print-out', () => {
  test('shows what counts and no secret', () => {
    const text = describeConfig(load({ ...SEVEN, AUDIT_API_TOKEN: 'open-sesame' }));
    expect(text).toContain('NODE_ID=agenda-3\n');
    expect(text).toContain('DISCOVERY_SEEDS=agenda-1:8080,agenda-2:8080\n');
    expect(text).toContain('JWT_SECRET=(derived from CLUSTER_HMAC_SECRET)\n');
    expect(text).toContain('CLUSTER_HMAC_SECRET=(set, not shown)\n');
    expect(text).toContain('PUBLIC_URL=(unset)\n');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('sesame');
  });
});

describe('the secret of a lone replica', () => {
  test('is made once, for its owner only', async () => {
    const data_dir = await mkdtemp(join(tmpdir(), 'agenda-secret-'));
    try {
      const made = await loadOrCreateLoneSecret(data_dir);
      expect(made).toHaveLength(32);
      expect(Buffer.from(await loadOrCreateLoneSecret(data_dir)).equals(made)).toBe(true);
      const path = join(data_dir, 'jwt-secret');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).toBe(`${Buffer.from(made).toString('hex')}\n`);
      await writeFile(path, 'short');
      await expect(loadOrCreateLoneSecret(data_dir)).rejects.toThrow('does not hold a secret');
    } finally {
      await rm(data_dir, { recursive: true });
    }
  });
});
