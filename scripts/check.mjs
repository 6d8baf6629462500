// All that is checked without running the program, two things at a time: prettier takes as long as the rest.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each lane goes from left to right; a check that fails does not keep the others from being told. */
const lanes = [['format:check'], ['typecheck', 'lint', 'knip']];

async function run(name) {
  const child = spawn('npm', ['run', '--silent', name], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => void chunks.push(chunk));
  }
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? null : `ended with ${signal ?? code}`),
    );
  });
  process.stdout.write(`${name}: ${failure ?? 'good'}\n${Buffer.concat(chunks).toString()}`);
  if (failure !== null) process.exitCode = 1;
}

async function runAll(names) {
  for (const name of names) await run(name);
}

await Promise.all(lanes.map((names) => runAll(names)));
