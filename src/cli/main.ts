#!/usr/bin/env node
import { runAuditCommand } from './audit-command.ts';
import { runBenchCommand } from './bench-command.ts';
import { runCheckCommand } from './check-command.ts';
import { runConfigCommand } from './config-command.ts';
import { runDemoCommand } from './demo-command.ts';
import { runMemberCommand } from './member-command.ts';
import { runRecoverCommand } from './recover-command.ts';
import { runStatusCommand } from './status-command.ts';
import { runTransferCommand } from './transfer-command.ts';

const usage = `Usage: agenda COMMAND

To try it out:

  agenda demo [--base-port 8080] [--replicas 7] [--data DIR] [--fresh]
        Runs a whole cluster on this machine, with sample people and appointments.
        Ctrl-C stops all of it. --fresh forgets what an earlier demo stored.
  agenda bench [--quick] [--replicas 7] [--clients 1,16,64] [--base-port 18080]
        Measures writes of a cluster on this machine, beside etcd where it is installed.
  agenda bench --history [--quick] [--appointments 100000] [--entries 200000] [--replicas 3]
        Measures what a long history costs: sizes, a restart, and a replica that joins under writes.
        Exits 1 when a write failed.
  agenda bench --live [--quick] [--replicas 7] [--changes 200] [--clients 10000] [--writers 4]
        Measures how soon people at two replicas see each other's changes, and how soon all the
        WebSockets of one replica are told of something. Exits 1 when something was not told.
  agenda config
        Prints the configuration that the environment gives, secrets masked.
  agenda help
        Prints this.

For operators (docs/operations.md says what to type when):

  agenda status [--at HOST:PORT]
        Shows all replicas on one screen: who leads, who votes, how far each one is.
        Exits 0 when all answer and one leads, 1 otherwise.
  agenda check [--deep] [--at HOST:PORT]
        Compares the states of all replicas: by their digests, or with --deep by reading all tables.
        Exits 0 when they are equal, 1 when they differ, 2 when it cannot be told.
  agenda audit verify [--at HOST:PORT]
        Follows the chain of the audit on every replica, and shows the first row that was changed, is
        missing or was moved. Exits 0 when all are sound and the same, 1 when not, 2 when it cannot be told.
  agenda member list [--at HOST:PORT]
        Shows who votes, who learns, and who runs without being a member.
  agenda member add|remove|promote|demote NODE_ID… | replace OLD NEW | target NUMBER
        Changes the members, all that is named at once; ends when a majority has it on disk.
  agenda transfer [NODE_ID] [--at HOST:PORT]
        Hands leadership to that replica, or to the one that is furthest.

  These ask any replica: by default the one that RPC_ADDR, ADVERTISE_ADDR or HTTP_ADDR tell of, or
  127.0.0.1:8080. They sign with a key derived from CLUSTER_HMAC_SECRET (or the file that
  CLUSTER_HMAC_SECRET_FILE names), and trust TLS_CA_FILE. Exit codes: 0 done, 1 refused, 2 not known.

  agenda recover --data DATA_DIR [--data DATA_DIR …] [--survivor NODE_ID …] [--show] [--yes]
        When a majority of the voters is lost for ever: makes the survivors a cluster of their own.
        Reads the disks of stopped replicas, says which log is the newest and what may be lost, and
        asks before it writes. --show only says it; --survivor names one whose disk is elsewhere.

One replica is \`node dist/main.js\`, with the environment that docs/configuration.md describes.`;

/** The exit code. */
async function run(words: readonly string[]): Promise<number> {
  const [command, ...rest] = words;
  switch (command) {
    case 'demo':
      return runDemoCommand(rest);
    case 'bench':
      return runBenchCommand(rest);
    case 'status':
      return runStatusCommand(rest, process.env);
    case 'member':
      return runMemberCommand(rest, process.env);
    case 'transfer':
      return runTransferCommand(rest, process.env);
    case 'recover':
      return runRecoverCommand(rest);
    case 'check':
      return runCheckCommand(rest, process.env);
    case 'audit':
      return runAuditCommand(rest, process.env);
    case 'config':
      return runConfigCommand(process.env);
    case 'help':
    case '--help':
    case '-h':
      console.log(usage);
      return 0;
    case undefined:
      console.error(usage);
      return 2;
    default:
      console.error(`agenda: there is no command '${command}'.\n\n${usage}`);
      return 2;
  }
}

process.exitCode = await run(process.argv.slice(2));
