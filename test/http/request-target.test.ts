import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { sendRaw } from '../support/fuzz/raw-http.ts';
import { FakeApis, meeting } from './api-fixture.ts';

/** Node 0 leads; node 1 follows. */
let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(3);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const FOLLOWER = 1;
const body = meeting(9);

describe('an address that names the server as well (RFC 9112, section 3.2.2)', () => {
  async function created(host: string): Promise<string> {
    const { port } = apis.node(FOLLOWER).server.address() as AddressInfo;
    const content = JSON.stringify(body);
    const lines = [
      `POST http://${host === '' ? `127.0.0.1:${port}` : host}/api/appointments HTTP/1.1`,
      `Host: ${host === '' ? 'calendar.test' : `127.0.0.1:${port}`}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${content.length}`,
    ];
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${content}`);
    const whole = { bytes, is_head: false, is_malformed: false, is_cut_off: false };
    const answer = must(await sendRaw(port, whole), 'no answer');
    return `${answer.status} ${answer.headers.get('location') ?? ''}`;
  }

  test('is redirected as its path is, when it names this replica', async () => {
    const leader = apis.node(0).origin;
    expect(await created('')).toMatch(
      new RegExp(`^307 ${leader}/api/appointments\\?ticket=[\\w.-]+$`),
    );
  });

  test('is forwarded when the name is a shared one, whatever Host says', async () => {
    expect(await created('calendar.test')).toMatch(/^201 \/api\/appointments\/apt_/);
  });
});
