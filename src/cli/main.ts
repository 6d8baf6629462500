#!/usr/bin/env node
import { runBenchCommand } from './bench-command.ts';
import { runConfigCommand } from './config-command.ts';
import { runDemoCommand } from './demo-command.ts';

const usage = `Usage: agenda COMMAND

  agenda demo [--base-port 8080] [--replicas 7] [--data DIR] [--fresh]
        Runs a whole cluster on this machine, with sample people and appointments.
        Ctrl-C stops all of it. --fresh forgets what an earlier demo stored.
  agenda bench [--quick] [--replicas 7] [--clients 1,16,64] [--base-port 18080]
        Measures writes of a cluster on this machine, beside etcd where it is installed.
  agenda config
        Prints the configuration that the environment gives, secrets masked.
  agenda help
        Prints this.

One replica is \`node dist/main.js\`, with the environment that docs/configuration.md describes.`;

/** The exit code. */
async function run(words: readonly string[]): Promise<number> {
  const [command, ...rest] = words;
  switch (command) {
    case 'demo':
      return runDemoCommand(rest);
    case 'bench':
      return runBenchCommand(rest);
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
