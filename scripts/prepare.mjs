// Makes a checkout ready: installs what the lock file names when that has changed, then builds when a
// source has changed. A second run finds nothing to do and ends at once. Uses Node alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function fingerprint(paths) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  for (const path of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function isCurrent(stamp_path, wanted) {
  return existsSync(stamp_path) && readFileSync(stamp_path, 'utf8') === wanted;
}

function run(what, command, args) {
  process.stdout.write(`${what} …\n`);
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    process.stderr.write(
      `${error.stdout ?? ''}${error.stderr ?? ''}\n${what}: failed. ${error.message}\n`,
    );
    process.exit(1);
  }
}

const installed_stamp = join(root, 'node_modules', '.agenda-installed');
const installed = fingerprint(['package-lock.json']);
if (!isCurrent(installed_stamp, installed)) {
  run('Installing what the lock file names (once, about a minute)', 'npm', ['ci']);
  writeFileSync(installed_stamp, installed);
}

const built_stamp = join(root, 'dist', '.agenda-built');
const built = fingerprint(['package-lock.json', 'tsconfig.json', 'scripts', 'src', 'ui']);
if (!isCurrent(built_stamp, built)) {
  run('Building', 'npm', ['run', 'build']);
  writeFileSync(built_stamp, built);
}
