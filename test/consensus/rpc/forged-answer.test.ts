import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Member } from '../../../src/consensus/raft/configuration.ts';
import type { Request } from '../../../src/consensus/raft/message.ts';
import { formatAnswerEnvelope } from '../../../src/consensus/rpc/envelope.ts';
import { createKeyring } from '../../../src/consensus/rpc/keyring.ts';
import type { RpcKey } from '../../../src/consensus/rpc/keyring.ts';
import { encodeResponse } from '../../../src/consensus/rpc/message-codec.ts';
import { sha256Hex, signAnswer } from '../../../src/consensus/rpc/signature.ts';
import { RpcTransport } from '../../../src/consensus/rpc/transport.ts';
import { limits } from '../../../src/limits.ts';
import { ANSWERER, ASKER, KEYRING, answerTo, identityOf, listen } from './loopback.ts';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Asks whoever listens like this for a vote. */
async function voteFrom(listener: RequestListener): Promise<unknown> {
  const there = await listen(listener);
  const transport = new RpcTransport({
    identity: identityOf(ASKER, 'boot-1'),
    keyring: KEYRING,
    nowMs: Date.now,
    addressOf: () => there.address,
  });
  cleanups.push(
    () => there.close(),
    () => {
      transport.close();
    },
  );
  return transport.forGroup('g0').send(ANSWERER, VOTE);
}

interface Forgery {
  readonly responder: Member;
  readonly key: RpcKey;
  readonly request_signature: (signature: string) => string;
  readonly signed_status: number;
  readonly signed_type: string;
  readonly body: Buffer;
  readonly sent_body: Buffer;
}

const VOTE: Request = {
  kind: 'vote',
  pre_vote: false,
  is_transfer: false,
  term: 5,
  last_log: { index: 1, term: 1 },
};
const GRANTED = encodeResponse(answerTo(VOTE));
const HONEST: Forgery = {
  responder: ANSWERER,
  key: KEYRING.primary,
  request_signature: (signature) => signature,
  signed_status: 200,
  signed_type: 'application/octet-stream',
  body: GRANTED,
  sent_body: GRANTED,
};

/** Answers 200 with a vote, signed as told. */
function forger(forgery: Forgery): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const envelope_text = formatAnswerEnvelope({
      responder: forgery.responder,
      responder_boot_id: 'boot-2',
      timestamp_ms: Date.now(),
      body_sha256: sha256Hex(forgery.body),
    });
    const signature = signAnswer(forgery.key.key, {
      request_signature: forgery.request_signature(String(request.headers['x-cluster-signature'])),
      status: forgery.signed_status,
      content_type: forgery.signed_type,
      envelope_text,
    });
    request.resume();
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': forgery.sent_body.length,
      'x-cluster-envelope': envelope_text,
      'x-cluster-signature': signature,
    });
    response.end(forgery.sent_body);
  };
}

describe('answers', () => {
  test('an honest one is believed', async () => {
    expect(await voteFrom(forger(HONEST))).toEqual(answerTo(VOTE));
  });

  const stranger = createKeyring(['the secret of another cluster, long']).primary;
  const denied = encodeResponse({
    kind: 'vote_response',
    pre_vote: false,
    asked_term: 5,
    term: 5,
    granted: false,
  });
  const other_kind = encodeResponse(answerTo({ kind: 'read_index', term: 5, read_id: 1 }));
  test.each<[string, Partial<Forgery>]>([
    ['signed with another secret', { key: stranger }],
    ['meant for another request', { request_signature: () => 'ab'.repeat(32) }],
    ['signed for another status', { signed_status: 401 }],
    ['signed for another content type', { signed_type: 'application/json' }],
    ['whose body was exchanged', { body: denied, sent_body: GRANTED }],
    ['from another node', { responder: { ...ANSWERER, node_id: 'agenda-3' } }],
    ['from another storage', { responder: { ...ANSWERER, storage_id: 'storage-9' } }],
    ['that cannot be read', { body: Buffer.from('x'), sent_body: Buffer.from('x') }],
    ['of another kind', { body: other_kind, sent_body: other_kind }],
  ])('one %s is not', async (_, forgery) => {
    await expect(voteFrom(forger({ ...HONEST, ...forgery }))).rejects.toMatchObject({
      code: 'bad_answer',
    });
  });

  test.each([
    ['beyond the bound', limits.rpc_body_bytes_max + 1, 'too large'],
    ['of unknown length', undefined, 'transfer encoding'],
  ])('one %s is not read to its end', async (_, length, what) => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200, length === undefined ? {} : { 'content-length': length });
      const write = (): void => {
        while (response.writable && response.write(Buffer.alloc(65_536)));
        response.once('drain', write);
      };
      write();
    };
    await expect(voteFrom(endless)).rejects.toMatchObject({
      code: 'bad_answer',
      message: expect.stringContaining(what),
    });
  });
});
