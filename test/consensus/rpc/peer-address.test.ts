import { describe, expect, test } from '@jest/globals';
import { parsePeerAddress } from '../../../src/consensus/rpc/peer-address.ts';

describe('the address of a replica', () => {
  test.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['agenda-3:7301', 'agenda-3', 7301],
    ['tasks.agenda_x.internal:65535', 'tasks.agenda_x.internal', 65_535],
    ['[::1]:7301', '::1', 7301],
    ['[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1],
  ])('%s', (text, host, port) => {
    expect(parsePeerAddress(text)).toEqual({ host, port });
  });

  // What is beyond ASCII would become other bytes in the request: U+010A a line feed.
  test.each([
    '',
    'agenda-3',
    ':7301',
    'agenda-3:',
    'agenda-3:0',
    'agenda-3:65536',
    'agenda-3:070000',
    'agenda-3:x',
    '::1:7301',
    '[agenda-3]:7301',
    'http://x:1',
    'user@x:1',
    'x/y:1',
    'x y:1',
    'x\r\ny:1',
    'x\u010ay:1',
    'x\x00y:1',
    'x\x7fy:1',
    'ñ:1',
    'agenda-3:7301\n',
  ])('%j is none', (text) => {
    expect(parsePeerAddress(text)).toBeNull();
  });
});
