import { describe, expect, test } from '@jest/globals';
import { formatHostPort, isWildcardHost, parseHostPort } from '../../src/base/host-port.ts';

describe('host:port', () => {
  test.each([
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['tasks.my_agenda:8080', { host: 'tasks.my_agenda', port: 8080 }],
    ['10.0.0.1:65535', { host: '10.0.0.1', port: 65_535 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
  ])('%s is read and written', (text, expected) => {
    expect(parseHostPort(text)).toEqual(expected);
    expect(formatHostPort(expected)).toBe(text);
  });

  test.each([
    '',
    'host',
    ':80',
    'host:',
    'host:0',
    'host:080',
    'host:65536',
    'host:80/path',
    'http://host:80',
    'user@host:80',
    '::1:80',
    '[host]:80',
    '1.2.3:80',
    '1.2.3.256:80',
    'ho st:80',
    '-host:80',
    `${'a'.repeat(64)}:80`,
  ])('%p is refused', (text) => {
    expect(parseHostPort(text)).toBeNull();
  });

  test('a wildcard is not to be dialled', () => {
    expect(['0.0.0.0', '::'].every(isWildcardHost)).toBe(true);
    expect(isWildcardHost('127.0.0.1')).toBe(false);
  });
});
