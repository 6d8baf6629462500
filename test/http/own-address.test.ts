import { describe, expect, test } from '@jest/globals';
import { addressKindOf, originsOf } from '../../src/http/own-address.ts';
import type { OwnAddresses } from '../../src/http/own-address.ts';

const swarm: OwnAddresses = {
  advertised_url: 'http://agenda-2:8080',
  public_url: null,
  listens_on: { host: '0.0.0.0', port: 8080 },
};
const laptop: OwnAddresses = {
  advertised_url: 'http://127.0.0.1:9502',
  public_url: null,
  listens_on: { host: '127.0.0.1', port: 9502 },
};

describe('own addresses are the host:port of ADVERTISE_ADDR, of PUBLIC_URL, and of HTTP_ADDR', () => {
  const cases: [string, OwnAddresses, string | undefined, 'advertised' | 'public' | null][] = [
    ['ADVERTISE_ADDR', swarm, 'agenda-2:8080', 'advertised'],
    ['in another case', swarm, 'Agenda-2:8080', 'advertised'],
    ['at another port', swarm, 'agenda-2:8081', null],
    ['of another replica', swarm, 'agenda-1:8080', null],
    ['a shared name', swarm, 'agenda.example.org', null],
    ['the wildcard is none', swarm, '0.0.0.0:8080', null],
    ['loopback, published by an ingress', swarm, 'localhost:8080', null],
    ['no Host', swarm, undefined, null],
    ['a Host that is none', swarm, 'agenda-2:8080/x', null],
    ['a Host with a user', swarm, 'agenda-2:8080@evil.test', null],
    [
      'HTTP_ADDR',
      { ...swarm, listens_on: { host: '10.0.0.5', port: 80 } },
      '10.0.0.5',
      'advertised',
    ],
    ['127.0.0.1', laptop, '127.0.0.1:9502', 'advertised'],
    ['localhost is one with it', laptop, 'LocalHost:9502', 'advertised'],
    ['[::1] is one with it', laptop, '[::1]:9502', 'advertised'],
    ['[::1] written out', laptop, '[0:0:0:0:0:0:0:1]:9502', 'advertised'],
    ['localhost at another port', laptop, 'localhost:9501', null],
    [
      'loopback, when all is listened on and loopback advertised',
      { ...laptop, listens_on: { host: '0.0.0.0', port: 9502 } },
      'localhost:9502',
      'advertised',
    ],
    [
      'loopback, when loopback is not listened on',
      {
        ...laptop,
        advertised_url: 'http://10.0.0.5:9502',
        listens_on: { host: '10.0.0.5', port: 9502 },
      },
      'localhost:9502',
      null,
    ],
    [
      'the default port left out',
      { ...swarm, advertised_url: 'http://agenda-2:80' },
      'agenda-2',
      'advertised',
    ],
    [
      'the default port given',
      { ...swarm, advertised_url: 'https://agenda-2' },
      'agenda-2:443',
      'advertised',
    ],
    [
      'the default port of the other scheme',
      { ...swarm, advertised_url: 'https://agenda-2' },
      'agenda-2:80',
      null,
    ],
    [
      'PUBLIC_URL',
      { ...swarm, public_url: 'https://two.example.org' },
      'two.example.org',
      'public',
    ],
    [
      'PUBLIC_URL of IPv6',
      { ...swarm, public_url: 'http://[2001:db8::2]:8080' },
      '[2001:DB8:0::2]:8080',
      'public',
    ],
    [
      'of two that are the same, the public one',
      { ...laptop, public_url: 'http://localhost:9502' },
      '127.0.0.1:9502',
      'public',
    ],
  ];
  test.each(cases)('%s', (_what, own, host, kind) => {
    expect(addressKindOf(own, host)).toBe(kind);
  });
});

test('an origin at loopback is the same by all its names, another is only itself', () => {
  expect(originsOf('http://127.0.0.1:9502')).toEqual([
    'http://localhost:9502',
    'http://127.0.0.1:9502',
    'http://[::1]:9502',
  ]);
  expect(originsOf('https://two.example.org/')).toEqual(['https://two.example.org']);
});
