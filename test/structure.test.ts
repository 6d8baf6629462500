import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../src/version.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');

/** Low to high; what stands in one set may import its own folder and all lower sets. */
const layers: readonly (readonly string[])[] = [
  ['base'],
  ['audit-limits.ts', 'people-limits.ts', 'reading-limits.ts', 'rpc-limits.ts'],
  ['limits.ts'],
  ['agenda', 'consensus'],
  ['replica'],
  ['http', 'discovery', 'storage', 'audit'],
];
/** What composes the others; it may import everything. */
const composition = [
  'main.ts',
  'run-replica.ts',
  'node.ts',
  'node',
  'cli',
  'config.ts',
  'config-error.ts',
  'config-schema.ts',
  'describe-config.ts',
  'secrets.ts',
  'version.ts',
];

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const sources = filesBelow(source).filter((path) => path.endsWith('.ts'));

/** The folder or top-level file a path belongs to. */
function roomOf(path: string): string {
  return relative(source, path).split('/')[0] ?? '';
}

function layerOf(room: string): number {
  return layers.findIndex((rooms) => rooms.includes(room));
}

/** Without its comments. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
}

function importsOf(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, name]) => name ?? '');
}

function localImportsOf(path: string): readonly string[] {
  return importsOf(path)
    .filter((name) => name.startsWith('.'))
    .map((name) => resolve(dirname(path), name));
}

describe('the house', () => {
  test('has the rooms that are agreed on, and no others', () => {
    const rooms = readdirSync(source);
    const known = [...layers.flat(), ...composition];
    expect(rooms.filter((room) => !known.includes(room))).toEqual([]);
    for (const folder of ['src', 'ui', 'test', 'deploy', 'docs', 'Dockerfile', 'package.json']) {
      expect(readdirSync(root)).toContain(folder);
    }
  });

  test('has arrows that point down only', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      const room = roomOf(path);
      if (composition.includes(room)) continue;
      for (const imported of localImportsOf(path)) {
        const other = roomOf(imported);
        if (other === room) continue;
        const is_down = layerOf(other) !== -1 && layerOf(other) < layerOf(room);
        if (!is_down) wrong.push(`${relative(root, path)} → ${relative(root, imported)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('keeps the core of consensus from everything but base and limits', () => {
    const core = join(source, 'consensus', 'raft');
    const wrong = sources
      .filter((path) => path.startsWith(core))
      .flatMap((path) => [
        ...importsOf(path).filter((name) => !name.startsWith('.')),
        ...localImportsOf(path).filter(
          (name) => !name.startsWith(core) && !['base', 'limits.ts'].includes(roomOf(name)),
        ),
      ]);
    expect(wrong).toEqual([]);
  });

  test('keeps clocks, randomness and input or output out of the pure rooms', () => {
    const impure =
      /\b(?:Date\.now|new Date\b|Math\.random|randomUUID|setTimeout|setInterval|setImmediate|performance\.|process\.|Intl\.|from 'node:)/;
    const wrong = sources
      .filter(
        (path) =>
          path.startsWith(join(source, 'agenda')) ||
          path.startsWith(join(source, 'consensus', 'raft')),
      )
      .filter((path) => impure.test(codeOf(path)));
    expect(wrong).toEqual([]);
  });

  test('has files that can be read in one go, named after what is in them', () => {
    const long = sources
      .map((path) => ({
        path: relative(root, path),
        lines: readFileSync(path, 'utf8').split('\n').length,
      }))
      // Tables of data are not read.
      .filter(({ path }) => !/common-passwords|assigned-characters/.test(path))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
    const misnamed = sources.filter(
      (path) => !/^[a-z0-9-]+\.ts$/.test(path.split('/').at(-1) ?? ''),
    );
    expect(misnamed).toEqual([]);
  });

  test('reads the environment in one place', () => {
    const readers = sources
      .filter((path) => /process\.env/.test(codeOf(path)))
      .map((path) => relative(source, path));
    expect(readers.sort()).toEqual(['cli/main.ts', 'cli/replica-process.ts', 'main.ts']);
  });

  test('says one version', () => {
    const { version: packaged } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(version).toBe(packaged);
  });

  test('documents every variable of the environment', () => {
    const schema = readFileSync(join(source, 'config-schema.ts'), 'utf8');
    const names = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(25);
    const guide = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });
});
