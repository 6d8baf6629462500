import type { Request, Response } from '../../src/consensus/raft/message.ts';

/** A message as one line of a trace: every field of it, entries by their range. */

export function describeRequest(request: Request): string {
  return describe(request);
}

export function describeResponse(response: Response): string {
  return describe(response);
}

function describe(message: Request | Response): string {
  const words: string[] = [message.kind];
  for (const [name, value] of Object.entries(message)) {
    if (name !== 'kind') words.push(`${name}=${describeValue(value)}`);
  }
  return words.join(' ');
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.length <= 3 ? value : [value[0], '…', value.at(-1)];
    return `[${shown.map(describeValue).join(' ')}]`;
  }
  if (value instanceof Uint8Array) return `${value.length}B`;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('checksum' in value && 'index' in value && 'term' in value) {
    return `${String(value.index)}/${String(value.term)}`;
  }
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}=${describeValue(inner)}`)
    .join(' ')}}`;
}
