import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Decide } from './agenda/decide/decision.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import type { Config } from './config.ts';
import { StartRefused } from './node/start-refused.ts';
import { startNode } from './node.ts';
import type { Node } from './node.ts';
import { StateDivergedError } from './replica/state-diverged-error.ts';

/** What tests put in the place of the real thing. */
export interface ReplicaOverrides {
  /** The rules of the agenda. */
  readonly decide?: Decide;
}

const EXIT_CANNOT_START = 2;
const EXIT_BROKEN = 1;
/** The others have another state: the next start builds this one's again. */
const EXIT_STATE_DIVERGED = 3;
/** A stop that takes longer than this is ended: an orchestrator would do the same, later. */
const STOP_PATIENCE_MS = 20_000;

/** One replica, from the environment to the exit code. Resolves when it serves. */
export async function runReplica(
  environment: Readonly<Record<string, string | undefined>>,
  overrides: ReplicaOverrides = {},
): Promise<void> {
  const config = readConfig(environment);
  if (config === null) return;
  const log = createLogger(config);
  const die = (message: string, error: unknown): void => {
    log.fatal({ err: error }, message);
    log.flush();
    process.exit(error instanceof StateDivergedError ? EXIT_STATE_DIVERGED : EXIT_BROKEN);
  };
  process.on('uncaughtException', (error) => die('an invariant is broken', error));
  process.on('unhandledRejection', (error) => die('an invariant is broken', error));
  const idle = variablesWithoutEffect(config);
  if (idle.length > 0) log.warn({ variables: idle }, 'set, and without effect in this version');
  try {
    const node = await startNode({
      config,
      log,
      ...overrides,
      onBroken: (error) => die('this replica cannot go on', error),
    });
    stopOnSignal(node, log);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CANNOT_START);
  }
}

/** Null, and the exit code set, when the environment is not right. */
function readConfig(environment: Readonly<Record<string, string | undefined>>): Config | null {
  try {
    return loadConfig({
      env: environment,
      host_name: hostname(),
      readFile: (path) => readFileSync(path, 'utf8'),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_CANNOT_START;
    return null;
  }
}

/** What is checked and does nothing yet: an operator must not believe otherwise. */
function variablesWithoutEffect(config: Config): readonly string[] {
  const { discovery } = config;
  return [
    ...(discovery.swarm_service_name === null ? [] : ['SWARM_SERVICE_NAME']),
    ...(discovery.dns_name === null ? [] : ['DISCOVERY_DNS_NAME']),
    ...(discovery.dns_server === null ? [] : ['DISCOVERY_DNS_SERVER']),
  ];
}

function createLogger(config: Config): Logger {
  return pino({
    level: config.log_level,
    base: { node_id: config.node_id },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers', 'headers', '*.password', '*.token', '*.ticket', '*.secret'],
    ...(config.log_format === 'pretty' ? { transport: { target: 'pino-pretty' } } : {}),
  });
}

function stopOnSignal(node: Node, log: Logger): void {
  let is_stopping = false;
  const stop = (signal: string): void => {
    if (is_stopping) return;
    is_stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error('stopping took too long');
      process.exit(EXIT_BROKEN);
    }, STOP_PATIENCE_MS).unref();
    node.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(EXIT_BROKEN);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => node.reloadCertificate());
}
