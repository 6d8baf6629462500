import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';

const relay_program = fileURLToPath(new URL('relay.mjs', import.meta.url));

/** Every replica has an address of its own, so all have the same port. */
const REPLICA_PORT = 8080;
/** Of RFC 2544, for trials of network devices: no real network has it. */
const SUBNET = '198.18.77';
const RELAY_HOST = 254;
/** A neighbour that is not there: what is routed or addressed to it is lost without a word. */
const NOBODY_HOST = 250;
const NOBODY_MAC = '02:00:00:00:00:99';
const CUT_TABLE = 77;

let made = 0;

/**
 * What is lost on the way from one replica to another, without an error that the sender could see.
 *
 * `packets`: all of them. TCP needs both directions, so what the other one asks gets no answer either,
 * but on a connection that is open its next question still arrives.
 * `requests`: what the one asks the other. The answers to what the other asks it pass.
 */
export type CutKind = 'packets' | 'requests';

/** Why this machine lets us make no network of namespaces; null: it does. */
export function whyNoNamespaces(): string | null {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `agenda-${process.pid}-probe`;
  try {
    ip(['netns', 'add', name]);
    try {
      // In one go, all that a network below needs.
      ipBatch(name, [
        'link add switch type bridge',
        'link add one type veth peer name other',
        'link set other master switch',
        `addr add ${address(1)}/24 dev one`,
        'link set one up',
        ...requestCutBatch('add', 2),
      ]);
    } finally {
      ip(['netns', 'del', name]);
    }
    return null;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    if (code === 'ENOENT') return 'network namespaces need the command ip (iproute2)';
    const detail = (stderr?.toString() ?? message).trim().replaceAll('\n', ' ');
    return `no network namespaces can be made here: ${detail}`;
  }
}

/**
 * One network namespace for each replica, all on one switch, which is in a namespace as well: nothing
 * of this is seen in the namespace of the machine, and two networks do not meet. The test process
 * reaches the replicas by ports on its own loopback, through a relay that no cut touches.
 */
export class NamespaceNetwork {
  readonly size: number;
  /** On the loopback of the test process: to the API of each replica. */
  readonly ports: readonly number[];
  readonly #name: string;
  readonly #relay: ChildProcess;
  readonly #cuts = new Map<string, { kind: CutKind; from: number; to: number }>();

  static async create(size: number): Promise<NamespaceNetwork> {
    made += 1;
    const name = `agenda-${process.pid}-${made}`;
    try {
      makeNamespaces(name, size);
      const { relay, ports } = await startRelay(namespaceOf(name, 'relay'), size);
      return new NamespaceNetwork(name, relay, ports);
    } catch (error) {
      removeNamespaces(name, size);
      throw error;
    }
  }

  private constructor(name: string, relay: ChildProcess, ports: readonly number[]) {
    this.size = ports.length;
    this.ports = ports;
    this.#name = name;
    this.#relay = relay;
  }

  /** What a replica's command is put behind to run at its place. */
  launcher(position: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(position)];
  }

  /** `host:port` for the other replicas. */
  address(position: number): string {
    return `${address(hostOf(position))}:${REPLICA_PORT}`;
  }

  /** The environment of a replica at this place. */
  environment(position: number): Record<string, string> {
    return {
      HTTP_ADDR: `0.0.0.0:${REPLICA_PORT}`,
      ADVERTISE_ADDR: this.address(position),
      PUBLIC_URL: `http://127.0.0.1:${this.ports[position]}`,
      DISCOVERY_SEEDS: this.ports.map((_, one) => this.address(one)).join(','),
    };
  }

  /** One way. */
  cut(from: number, to: number, kind: CutKind = 'packets'): void {
    const key = `${kind} ${from} ${to}`;
    if (from === to || this.#cuts.has(key)) return;
    ipBatch(this.#namespace(from), cutBatch('add', kind, to));
    this.#cuts.set(key, { kind, from, to });
  }

  cutBoth(one: number, other: number): void {
    this.cut(one, other);
    this.cut(other, one);
  }

  /** Nothing passes between two groups; within one everything does. */
  partition(groups: readonly (readonly number[])[]): void {
    for (const group of groups) {
      for (const other of groups) {
        if (group === other) continue;
        for (const from of group) for (const to of other) this.cut(from, to);
      }
    }
  }

  /** Takes back every cut. */
  mend(): void {
    for (const [key, { kind, from, to }] of this.#cuts) {
      ipBatch(this.#namespace(from), cutBatch('del', kind, to));
      this.#cuts.delete(key);
    }
  }

  /** Whether a new connection of one to the other is made within two seconds. */
  async connects(from: number, to: number): Promise<boolean> {
    const [command = '', ...parameters] = this.launcher(from);
    const program = `require('node:net').connect(${REPLICA_PORT}, '${address(hostOf(to))}')
      .setTimeout(2_000, () => process.exit(1))
      .on('connect', () => process.exit(0))`;
    const child = spawn(command, [...parameters, process.execPath, '-e', program], {
      stdio: 'ignore',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  }

  /** To be called when the replicas have ended: a process that is left keeps its namespace. */
  async dispose(): Promise<void> {
    if (this.#relay.exitCode === null && this.#relay.signalCode === null) {
      const exited = once(this.#relay, 'exit');
      this.#relay.kill('SIGKILL');
      await exited;
    }
    removeNamespaces(this.#name, this.size);
  }

  #namespace(position: number): string {
    return namespaceOf(this.#name, position + 1);
  }
}

function namespaceOf(network: string, place: number | 'relay' | 'switch'): string {
  return `${network}-${place}`;
}

function hostOf(position: number): number {
  return position + 1;
}

function address(host: number): string {
  return `${SUBNET}.${host}`;
}

function makeNamespaces(network: string, size: number): void {
  const hub = namespaceOf(network, 'switch');
  ip(['netns', 'add', hub]);
  ipBatch(hub, ['link add switch type bridge', 'link set switch up']);
  for (let position = 0; position < size; position += 1) {
    plug(hub, namespaceOf(network, position + 1), hostOf(position));
  }
  plug(hub, namespaceOf(network, 'relay'), RELAY_HOST);
}

/** A new namespace with one cable to the switch. */
function plug(hub: string, namespace: string, host: number): void {
  const port = `port${host}`;
  ip(['netns', 'add', namespace]);
  ipBatch(namespace, [
    'link set lo up',
    `link add eth0 type veth peer name ${port} netns ${hub}`,
    `addr add ${address(host)}/24 dev eth0`,
    'link set eth0 up',
    `neigh replace ${address(NOBODY_HOST)} lladdr ${NOBODY_MAC} dev eth0 nud permanent`,
    `route add default via ${address(NOBODY_HOST)} dev eth0 table ${CUT_TABLE}`,
  ]);
  ipBatch(hub, [`link set ${port} master switch up`]);
}

function removeNamespaces(network: string, size: number): void {
  const places = Array.from({ length: size }, (_, position) => position + 1);
  const there = new Set(namespaceNames());
  for (const place of [...places, 'relay', 'switch'] as const) {
    const namespace = namespaceOf(network, place);
    if (there.has(namespace)) ip(['netns', 'del', namespace]);
  }
}

function namespaceNames(): string[] {
  const lines = ip(['netns', 'list']).split('\n');
  return lines.map((line) => line.split(' ')[0] ?? '').filter((name) => name !== '');
}

function cutBatch(action: 'add' | 'del', kind: CutKind, to: number): string[] {
  if (kind === 'requests') return requestCutBatch(action, hostOf(to));
  const neighbour = `${address(hostOf(to))} dev eth0`;
  return action === 'add'
    ? [`neigh replace ${neighbour} lladdr ${NOBODY_MAC} nud permanent`]
    : [`neigh del ${neighbour}`];
}

function requestCutBatch(action: 'add' | 'del', host: number): string[] {
  const requests = `to ${address(host)} ipproto tcp dport ${REPLICA_PORT}`;
  return [`rule ${action} ${requests} lookup ${CUT_TABLE}`];
}

function ip(parameters: readonly string[], input = ''): string {
  return execFileSync('ip', parameters, { input, stdio: 'pipe', encoding: 'utf8' });
}

function ipBatch(namespace: string, commands: readonly string[]): void {
  ip(['-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
}

async function startRelay(
  namespace: string,
  size: number,
): Promise<{ relay: ChildProcess; ports: readonly number[] }> {
  const relay = spawn('ip', ['netns', 'exec', namespace, process.execPath, relay_program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ports: number[] = [];
  for (let position = 0; position < size; position += 1) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as AddressInfo).port);
    await handOver(relay, server, address(hostOf(position)));
  }
  return { relay, ports };
}

/** The relay accepts from now on, this process no longer. */
async function handOver(relay: ChildProcess, server: Server, host: string): Promise<void> {
  const taken = once(relay, 'message');
  const ended = once(relay, 'exit').then(() => Promise.reject(new Error('the relay has ended')));
  relay.send({ host, port: REPLICA_PORT }, server);
  await Promise.race([taken, ended]);
  await new Promise((done) => server.close(done));
}
