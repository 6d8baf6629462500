import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_NAME = 'jwt-secret';
const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The random secret for user tokens that a lone replica keeps in its data directory, which must exist
 * and be locked by this process. Made when absent, durable when returned. Rejects when the file cannot
 * be read or written, or holds something else.
 */
export async function loadOrCreateLoneSecret(data_dir: string): Promise<Uint8Array> {
  const path = join(data_dir, FILE_NAME);
  const found = await readIfThere(path);
  if (found === null) return createSecret(data_dir, path);
  const text = found.trim();
  if (!/^[0-9a-f]+$/u.test(text) || text.length !== SECRET_BYTES * 2) {
    throw new Error(`${path} does not hold a secret of ${SECRET_BYTES} bytes`);
  }
  return Buffer.from(text, 'hex');
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Complete under another name first, so that a crash leaves all of it or nothing. */
async function createSecret(data_dir: string, path: string): Promise<Uint8Array> {
  const secret = randomBytes(SECRET_BYTES);
  const temporary_path = `${path}.new`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
  const file = await open(temporary_path, flags, OWNER_ONLY);
  try {
    // An earlier attempt may have left the file with another mode.
    await file.chmod(OWNER_ONLY);
    await file.writeFile(`${secret.toString('hex')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary_path, path);
  const directory = await open(data_dir, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return secret;
}
