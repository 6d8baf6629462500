// Builds the simulator and runs it with the words that follow: `npm run simulate -- --seed 7`.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.simulation.json')], {
  stdio: 'inherit',
});
const program = join(root, 'dist-simulation/test/simulation/main.js');
const run = spawnSync(
  process.execPath,
  ['--enable-source-maps', program, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exitCode = run.status ?? 1;
