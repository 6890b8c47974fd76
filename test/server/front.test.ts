/** At a real server's own port: what is no circuit is turned away, and whoever says what is not his hears which code it is. */
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { proveDevice } from '../../circuit/proof.ts';
import { parseProof, renderProof } from '../../circuit/proof-packet.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render, renderRouted } from '../../psyc/render.ts';
import { signedContent } from '../../publication/packet.ts';
import { signPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { selfSigned } from '../../server/transport/certificate.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import { exporter } from '../../server/transport/tls.ts';
import { RawPeer } from './node/raw-peer.ts';
import { provedPeer, proofOf } from './node/server-peer.ts';
import { newSpeakerKeys, Sayings, Speaker, type SpeakerKeys } from './node/speaker.ts';
import { identityOf, newDomainKey } from './node/town.ts';
import { Undoing } from '../undoing.ts';
import { Served } from './served.ts';

const undoing = new Undoing();
const hall = 'psyc://b.test/@hall';
let endpoint: Endpoint;
let ada: SpeakerKeys;
let bob: SpeakerKeys;
/** Another domain, which b.test's admin has written down. */
let identity: Parameters<typeof provedPeer>[1];

/** Says whatever it hears. */
const mirror = createServer({ ...selfSigned('mirror.test', Date.now()), ALPNProtocols: ['psyc/1'] });

beforeAll(async () => {
  mirror.listen(0, '127.0.0.1');
  await once(mirror, 'listening');
  undoing.add(async () => mirror.close());
  const at = { host: '127.0.0.1', port: (mirror.address() as AddressInfo).port };
  identity = identityOf('d.test', await newDomainKey('d.test'));
  const pins = new Map([['d.test', identity.fingerprint]]);
  const served = await Served.make(undoing, 'b.test', { memory: true, peers: new Map([['mirror.test', at]]), pins });
  ({ endpoint } = served);
  served.start();
  await served.ready;
  [ada, bob] = [await newSpeakerKeys('ada', 'b.test'), await newSpeakerKeys('bob', 'b.test')];
  for (const keys of [ada, bob]) (await Speaker.open(endpoint, keys, { invite: null })).close();
});
afterAll(async () => undoing.run());

/** What a connection without TLS hears until it is over. */
async function plain(text: string): Promise<string> {
  const socket = connectPlain(endpoint.port, endpoint.host);
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  socket.write(text);
  await once(socket, 'close');
  return heard;
}

describe('what is no circuit', () => {
  test('TLS 1.2 is refused by TLS itself', async () => {
    const socket = connect({ ...endpoint, rejectUnauthorized: false, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('HTTP without TLS is told where to go', async () => {
    expect(await plain('GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*https:\/\//);
  });

  test('PSYC without TLS is told so in PSYC', async () => {
    expect(await plain('|\n')).toMatch(/^\|\n[^]*\n_error_transport_plain\n/);
  });
});

/** Two connections, the second offering the session of the first; what each exports, and whether the second was resumed. */
async function twice({ host, port }: Endpoint): Promise<{ isResumed: boolean; exported: (Uint8Array | null)[] }> {
  const options = { host, port, rejectUnauthorized: false, ALPNProtocols: ['psyc/1'], minVersion: 'TLSv1.3' } as const;
  const exportOf = (socket: TLSSocket): Uint8Array | null =>
    exporter(socket)('EXPORTER-P3DO-login-v1', encodeText('device'));
  const first = connect(options);
  // In TLS 1.3 a ticket comes after the handshake, if one comes.
  const ticket = once(first, 'session');
  await once(first, 'secureConnect');
  const exported = [exportOf(first)];
  const [session] = (await ticket) as [Buffer];
  first.destroy();
  const second = connect({ ...options, session });
  await once(second, 'secureConnect');
  exported.push(exportOf(second));
  const isResumed = second.isSessionReused();
  second.destroy();
  return { isResumed, exported };
}

test('a session that is offered again is not resumed: the same proof would hold on neither', async () => {
  const ours = await twice(endpoint);
  expect(ours.isResumed).toBe(false);
  expect(ours.exported[0]).not.toEqual(ours.exported[1]);
  // The same client is resumed where a server does it.
  const other = createServer({ ...selfSigned('c.test', Date.now()), ALPNProtocols: ['psyc/1'] }, (socket) => {
    socket.on('error', () => {});
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  expect((await twice({ host: '127.0.0.1', port: (other.address() as AddressInfo).port })).isResumed).toBe(true);
  other.close();
});

const hostProof = async (peer: RawPeer): Promise<Packet> => {
  peer.say(renderProof({ kind: 'server request' }));
  return (await peer.hear())!;
};

/** A login of bob's, made for this circuit. */
async function loginOn(peer: RawPeer): Promise<Uint8Array> {
  const proof = parseProof(await hostProof(peer));
  if (proof?.kind !== 'server') throw new Error('the host has not proved itself');
  const { person, device, fingerprint, key, statement, seed } = bob;
  const claim = { person, device, to: 'b.test', fingerprint, peerFingerprint: proof.claim.fingerprint };
  const signature = proveDevice(suite, claim, peer.exported.device, seed);
  const channel = channelOf(person, device);
  return renderProof({ kind: 'device', channel, claim, signature, evidence: { key, statement } });
}

describe('a proof', () => {
  test('that was a login on one circuit is none on another', async () => {
    const [peer, other] = [await RawPeer.open(endpoint), await RawPeer.open(endpoint)];
    const login = await loginOn(peer);
    await hostProof(other);
    other.say(login);
    expect(await other.lastMethod()).toBe('_error_proof_invalid_signature');
    // On its own it holds.
    peer.say(login);
    expect(parseProof((await peer.hear())!)).toMatchObject({ kind: 'proved', uniform: bob.person });
    peer.close();
  });

  test("that is the host's own is nothing that a peer can say", async () => {
    const peer = await RawPeer.open(endpoint);
    const proof = await hostProof(peer);
    peer.say(proof.raw);
    expect(await peer.lastMethod()).toBe('_error_proof_invalid_role');
  });

  test("that is the acceptor's own is reflected", async () => {
    const identity = identityOf('a.test', await newDomainKey('a.test'));
    const [peer, other] = [await RawPeer.open(endpoint), await RawPeer.open(endpoint)];
    peer.say(renderProof(proofOf(identity, 'b.test', peer)));
    const proof = (await peer.hear())!;
    other.say(proof.raw);
    expect(await other.lastMethod()).toBe('_error_proof_reflected');
    // On its own circuit the peer is proved already, and proves nothing more.
    peer.say(proof.raw);
    expect(await peer.lastMethod()).toBe('_error_proof_excessive');
  });

  test("that is the initiator's own is reflected", async () => {
    const speaker = await Speaker.open(endpoint, bob);
    // Numbered, so that the server dials until somebody answers.
    speaker.say(new Sayings(bob, 'psyc://mirror.test/@hall').ask('_request_context_enter'));
    const [socket] = (await once(mirror, 'secureConnection')) as [TLSSocket];
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      socket.write(chunk);
    });
    await once(socket, 'end');
    expect(heard).toMatch(/\n_error_proof_reflected\n/);
    socket.destroy();
    speaker.close();
  });
});

const message = (routing: Record<string, string>): Uint8Array =>
  render({ routing: { _tag: 't', _counter: '1', ...routing }, method: '_message_public', data: 'hi' });

describe('a client who is logged in', () => {
  test.each<[string, string, () => Record<string, string>]>([
    ["another person's name", '_authority_unproved_source', () => ({ _source: ada.person, _target: hall })],
    [
      'another channel',
      '_authority_unproved_source',
      () => ({ _source: channelOf(bob.person, bob.device, { side: 'x' }), _target: hall }),
    ],
    [
      'a name of another domain',
      '_authority_unproved_source',
      () => ({ _source: 'psyc://c.test/~bob', _target: hall }),
    ],
    ['no name', '_authority_unproved_source', () => ({ _target: hall })],
    ["a place's context", '_authority_unproved_context', () => ({ _context: hall })],
    ["a place's context, for another", '_authority_unproved_context', () => ({ _context: hall, _target: ada.person })],
    [
      'somebody else who is relayed',
      '_authority_unproved_source_relay',
      () => ({ _source: channelOf(bob.person, bob.device), _source_relay: ada.person, _target: hall }),
    ],
  ])('speaks with %s: %s', async (_, code, routing) => {
    const { peer } = await Speaker.open(endpoint, bob);
    peer.say(message(routing()));
    expect(await peer.lastMethod()).toBe(`_error${code}`);
  });

  /** bob's words to the place under a signature that a test makes. */
  const signed = (keys: SpeakerKeys, change: (content: Uint8Array) => void = () => {}): Uint8Array => {
    const content = signedContent(
      signPublication(
        suite,
        {
          address: hall,
          fingerprint: keys.fingerprint,
          device: keys.device,
          counter: 1,
          previous: new Uint8Array(32),
          timeMs: Date.now(),
          content: encodeText('_message_public\nhi\n'),
        },
        keys.seed,
      ),
    );
    change(content);
    const routing = { _source: channelOf(bob.person, bob.device), _target: hall, _tag: 't', _counter: '1' };
    return renderRouted(routing, content, true);
  };
  test.each<[string, string, () => Uint8Array]>([
    ['nothing', '_necessary_signature', () => message({ _source: channelOf(bob.person, bob.device), _target: hall })],
    [
      'a signature of other words',
      '_publication_invalid_signature',
      // The last byte but the line's end.
      () => signed(bob, (content) => content.set(encodeText('!'), content.length - 2)),
    ],
    ["another person's device", '_publication_foreign_device', () => signed(ada)],
    [
      "another person's device under his own name",
      '_publication_invalid_signature',
      () => signed({ ...bob, seed: ada.seed }),
    ],
    ['no seal, to a person', '_necessary_seal', () => new Sayings(bob, ada.person).say('_message_private', 'hi').bytes],
  ])('signs with %s: %s', async (_, code, bytes) => {
    const { peer } = await Speaker.open(endpoint, bob);
    peer.say(bytes());
    const answer = (await peer.hear())!;
    expect([answer.method, answer.text('_code')]).toEqual([`_error${code}`, code]);
    peer.close();
  });
});

describe('a server that is proved', () => {
  test.each<[string, string, Record<string, string>]>([
    ['our own person', '_authority_unproved_source', { _source: 'psyc://b.test/~bob', _target: hall }],
    ["a third domain's person", '_authority_unproved_source', { _source: 'psyc://c.test/~cid', _target: hall }],
    ['our own place', '_authority_unproved_context', { _context: hall }],
    ["a third domain's place", '_authority_unproved_context', { _context: 'psyc://c.test/@hall' }],
    [
      'our person in its place, unsigned',
      '_authority_unproved_source_relay',
      { _context: 'psyc://d.test/@hall', _source_relay: 'psyc://b.test/~bob' },
    ],
    [
      'our person, relayed outside a place',
      '_authority_unproved_source_relay',
      { _source: 'psyc://d.test/~dan', _source_relay: 'psyc://b.test/~bob', _target: hall },
    ],
  ])('speaks for %s: %s', async (_, code, routing) => {
    const peer = await provedPeer(endpoint, identity, 'b.test');
    peer.say(message(routing));
    expect(await peer.lastMethod()).toBe(`_error${code}`);
  });
});
