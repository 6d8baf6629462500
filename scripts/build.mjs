// Makes everything that runs: the program and the page, in dist/.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
  cwd: root,
  stdio: 'inherit',
});
cpSync(join(root, 'ui'), join(dist, 'ui'), { recursive: true });
const command_line = join(dist, 'cli/main.js');
if (existsSync(command_line)) chmodSync(command_line, 0o755);
