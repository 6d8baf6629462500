import { beforeEach, describe, expect, test } from '@jest/globals';
import { assert, constantFrom, jsonValue, oneof, property, record, string } from 'fast-check';
import { formatId } from '../../../src/agenda/id.ts';
import { limits } from '../../../src/limits.ts';
import { eventFor, HubFixture } from './hub-fixture.ts';

const ana = 1;

const asText = (value: unknown): string => JSON.stringify(value);

let hub: HubFixture;
beforeEach(() => {
  hub = new HubFixture();
});

describe('limits', () => {
  test('of channels of a connection', () => {
    const client = hub.connect(ana);
    const names = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, at) => `appointment:${formatId('apt', from + at)}`);
    client.say({ type: 'subscribe', channels: names(1, limits.live_channels_max) });
    expect(client.socket.of('subscribed')[0]?.channels).toHaveLength(limits.live_channels_max);
    // Those it has are no more.
    client.say({ type: 'subscribe', channels: names(1, 2) });
    client.say({ type: 'subscribe', channels: ['me'] });
    expect(client.socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'too_large' });
    client.say({ type: 'unsubscribe', channels: names(1, 1) });
    client.say({ type: 'subscribe', channels: ['me'] });
    expect(client.socket.messages.at(-1)).toMatchObject({ type: 'subscribed', channels: ['me'] });
  });

  test('of messages: what is too much is not looked at, and who goes on is closed with 1008', async () => {
    const client = hub.connect(ana);
    for (let count = 0; count < limits.live_messages_burst; count += 1)
      client.say({ type: 'ping' });
    expect(client.socket.of('pong')).toHaveLength(limits.live_messages_burst);
    client.say({ type: 'ping' });
    expect(client.socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'rate_limited' });
    await hub.pass(1_000);
    client.say({ type: 'ping' });
    expect(client.socket.messages.at(-1)).toEqual({ type: 'pong' });
    for (let count = 0; count < 1_000; count += 1) client.say({ type: 'ping' });
    expect(client.socket.closed?.code).toBe(1008);
  });

  test('of many channels in a short time', () => {
    const client = hub.connect(ana);
    const channels = Array.from(
      { length: limits.live_channels_max },
      (_, at) => `appointment:${formatId('apt', at + 1)}`,
    );
    for (let count = 0; count < 10; count += 1) client.say({ type: 'subscribe', channels });
    expect(client.socket.of('subscribed').length).toBeLessThan(5);
    expect(client.socket.messages.at(-1)).toMatchObject({ type: 'error', code: 'rate_limited' });
  });
});

describe('nonsense', () => {
  const wrong: [string | null, RegExp][] = [
    [null, /sent as text/],
    ['', /JSON object/],
    ['{', /JSON object/],
    ['[]', /message|type/],
    ['null', /message|type/],
    ['7', /message|type/],
    ['{}', /type.*"subscribe", "unsubscribe" or "ping"/],
    ['{"type":"publish"}', /"subscribe", "unsubscribe" or "ping"/],
    ['{"type":"ping","more":1}', /more/],
    ['{"type":"subscribe"}', /channels/],
    ['{"type":"subscribe","channels":[]}', /channels/],
    ['{"type":"subscribe","channels":"me"}', /channels/],
    ['{"type":"subscribe","channels":[1]}', /channels/],
    ['{"type":"subscribe","channels":["you"]}', /"me", "group:<id>" or "appointment:<id>"/],
    ['{"type":"subscribe","channels":["me"],"after":"x"}', /after/],
    ['{"type":"subscribe","channels":["me"],"after":7}', /after/],
    ['{"type":"unsubscribe","channels":["you"]}', /"me"/],
    [`{"type":"subscribe","channels":[${'"me",'.repeat(256)}"me"]}`, /256/],
  ];

  test.each(wrong)('%s is answered with what would be right, and changes nothing', (text, says) => {
    const client = hub.subscribe(ana, ['me']);
    client.sayText(text);
    expect(client.socket.messages.at(-1)).toEqual({
      type: 'error',
      code: 'invalid_request',
      detail: expect.stringMatching(says),
    });
    expect(client.socket.closed).toBeNull();
    hub.publish(eventFor([ana], 1));
    hub.settle();
    expect(client.socket.told).toEqual(['me 1']);
  });

  test('of any kind is answered, and is no defect of the server', () => {
    const types = ['subscribe', 'unsubscribe', 'ping', 'event'];
    const anything = record(
      { type: constantFrom(...types), channels: jsonValue(), after: jsonValue() },
      { requiredKeys: [] },
    );
    assert(
      property(oneof(string(), jsonValue().map(asText), anything.map(asText)), (text) => {
        const client = hub.connect(ana);
        client.sayText(text);
        expect(hub.errors).toEqual([]);
        expect(client.socket.messages).toHaveLength(1);
        hub.hub.left(client.connection, 'client');
      }),
    );
  });

  test('that goes on and on closes it with 1008; now and then it is forgiven', async () => {
    const client = hub.connect(ana);
    for (let count = 0; count < 2 * limits.live_faults_max; count += 1) {
      client.sayText('?');
      await hub.pass(1_000 * limits.live_fault_forgiven_s);
      client.connection.pings_missed = 0;
    }
    expect(client.socket.closed).toBeNull();
    for (let count = 0; count <= limits.live_faults_max; count += 1) client.sayText('?');
    expect(client.socket.closed?.code).toBe(1008);
    expect(hub.closed).toEqual(['faults']);
  });
});
