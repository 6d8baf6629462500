import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeApis, good_password, registration } from '../api-fixture.ts';

let apis: FakeApis;

beforeEach(async () => {
  apis = await FakeApis.start(1);
});
afterEach(() => apis.stop());

const self = {
  id: expect.stringMatching(/^usr_00/),
  username: 'Ana.Pérez',
  display_name: 'Ana',
  email: 'Ana@Example.org',
  time_zone: 'UTC',
  locale: 'en',
  share_busy: true,
  created_at: expect.stringMatching(/^\d{4}-.*Z$/),
  updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
};
const ana = {
  username: 'Ana.Pérez',
  email: 'Ana@Example.org',
  password: good_password,
  name: 'Ana',
};

test('POST /register, /api/auth/signup: 201 {user, token}, which opens /api/me and /api/auth/me', async () => {
  for (const [at, path] of ['/register', '/api/auth/signup'].entries()) {
    const body = at === 0 ? ana : { ...ana, username: 'other', email: 'other@example.org' };
    const reply = await apis.call('POST', path, { body });
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe('/api/me');
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    if (at === 0) expect(reply.body).toEqual({ user: self, token: expect.any(String) });
    const token = String(reply.body['token']);
    for (const me of ['/api/me', '/api/auth/me']) {
      expect((await apis.call('GET', me, { token })).body).toEqual(reply.body['user']);
    }
  }
});

test('names are unique however they are written: 409 username_taken, email_taken', async () => {
  await apis.call('POST', '/register', { body: ana });
  const email = 'new@example.org';
  for (const username of ['ANA.PÉREZ', 'ana.pe\u0301rez', 'ａｎａ.pérez']) {
    const reply = await apis.call('POST', '/register', { body: { ...ana, username, email } });
    expect([reply.status, reply.body['code']]).toEqual([409, 'username_taken']);
  }
  const body = { ...ana, username: 'another', email: 'ANA@EXAMPLE.ORG' };
  const reply = await apis.call('POST', '/register', { body });
  expect([reply.status, reply.body['code']]).toEqual([409, 'email_taken']);
});

test('only a hash of ours of the password goes into the log', async () => {
  await apis.call('POST', '/register', { body: ana });
  const [command] = apis.state.commands;
  expect(JSON.stringify(command)).not.toContain(good_password);
  expect(command?.body).toMatchObject({
    password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/),
  });
});

test('POST /login, /api/auth/login: username or e-mail, in any case → 200 {user, token}', async () => {
  await apis.call('POST', '/register', { body: ana });
  for (const username of ['ana.pérez', 'ANA@example.org']) {
    for (const path of ['/login', '/api/auth/login']) {
      const reply = await apis.call('POST', path, { body: { username, password: good_password } });
      expect([reply.status, reply.body['user']]).toEqual([200, self]);
      const token = String(reply.body['token']);
      expect((await apis.call('GET', '/api/me', { token })).status).toBe(200);
    }
  }
});

test('an unknown user and a wrong password are refused alike', async () => {
  await apis.call('POST', '/register', { body: ana });
  const headers = { 'x-request-id': 'the-same' };
  const send = (username: string, password: string) =>
    apis.call('POST', '/login', { body: { username, password }, headers });
  const unknown = await send('nobody', good_password);
  const wrong = await send('ana.pérez', 'not the password');
  expect([unknown.status, unknown.body['code']]).toEqual([401, 'unauthenticated']);
  expect(unknown.text).toBe(wrong.text);
});

test('before it refuses, a log-in looks again at what a majority knows', async () => {
  const { replica } = apis.node(0);
  await apis.call('POST', '/register', { body: ana });
  const users = [...apis.state.users];
  apis.state.users.clear();
  replica.onBarrier = () => {
    for (const [key, user] of users) apis.state.users.set(key, user);
  };
  const body = { username: 'ana.pérez', password: good_password };
  expect((await apis.call('POST', '/login', { body })).status).toBe(200);
  // And without a majority it decides by what it has.
  replica.has_quorum = false;
  expect((await apis.call('POST', '/login', { body })).status).toBe(200);
  const wrong = { ...body, password: 'not the password' };
  expect((await apis.call('POST', '/login', { body: wrong })).status).toBe(401);
});

test('where registration is closed, nobody registers', async () => {
  await apis.stop();
  apis = await FakeApis.start(1, { registration: 'closed' });
  const reply = await apis.call('POST', '/register', { body: registration('eva') });
  expect([reply.status, reply.body['code']]).toEqual([403, 'forbidden']);
  expect(apis.state.commands).toEqual([]);
});
