/** Behind a real proxy that ends TLS: a browser logs in, and whoever would have to prove keys over that TLS hears why he cannot. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { proveBrowser } from '../../circuit/proof.ts';
import { renderProof } from '../../circuit/proof-packet.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { selfSigned } from '../../server/transport/certificate.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import { needs, onPath } from '../needs.ts';
import { Undoing } from '../undoing.ts';
import { RawPeer } from './node/raw-peer.ts';
import { newSpeakerKeys, Speaker, type SpeakerKeys } from './node/speaker.ts';
import { command, freeEndpoint, Served } from './served.ts';

const origin = 'https://chat.test';

needs({ name: 'HAProxy', apt: 'haproxy', probe: () => onPath('haproxy') })('behind HAProxy', () => {
  const undoing = new Undoing();
  const folder = mkdtempSync(join(tmpdir(), 'p3do-web-'));
  let served: Served;
  let web: Endpoint;
  /** As browsers come; what is passed on byte for byte; and TLS that is ended and begun anew. */
  let browsers: Endpoint;
  let bytes: Endpoint;
  let anew: Endpoint;
  let ada: SpeakerKeys;

  beforeAll(async () => {
    undoing.add(async () => rmSync(folder, { recursive: true, force: true }));
    [web, browsers, bytes, anew] = [
      await freeEndpoint(),
      await freeEndpoint(),
      await freeEndpoint(),
      await freeEndpoint(),
    ];
    served = await Served.make(undoing, 'b.test', {
      memory: true,
      config: {
        web: { hosts: [web.host], port: web.port, proxies: ['127.0.0.1'] },
        origins: [origin],
        limits: { connectionsPerAddress: 3 },
      },
    });
    served.start();
    await served.ready;
    ada = await newSpeakerKeys('ada', 'b.test');
    (await Speaker.open(served.endpoint, ada, { invite: null })).close();
    const { key, cert } = selfSigned('b.test', Date.now());
    const pem = join(folder, 'chain.pem');
    writeFileSync(pem, cert + key);
    const at = ({ host, port }: Endpoint): string => `${host}:${port}`;
    const config = join(folder, 'haproxy.cfg');
    writeFileSync(
      config,
      `defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend browsers
  mode http
  option forwardfor
  bind ${at(browsers)} ssl crt ${pem} alpn http/1.1
  default_backend web
backend web
  mode http
  server p3do ${at(web)}
listen bytes
  mode tcp
  bind ${at(bytes)} ssl crt ${pem} alpn psyc/1
  server p3do ${at(web)}
listen anew
  mode tcp
  bind ${at(anew)} ssl crt ${pem} alpn psyc/1
  server p3do ${at(served.endpoint)} ssl verify none alpn psyc/1
`,
    );
    const proxy = spawn('haproxy', ['-db', '-q', '-f', config], { stdio: 'ignore' });
    undoing.add(async () => {
      if (proxy.exitCode !== null) return;
      const gone = once(proxy, 'exit');
      proxy.kill();
      await gone;
    });
    while (!(await answers(browsers)))
      if (proxy.exitCode !== null) throw new Error('haproxy does not take its configuration');
  });
  afterAll(async () => undoing.run());

  const answers = (endpoint: Endpoint): Promise<boolean> =>
    new Promise((told) => {
      const socket = connect(endpoint, () => {
        socket.destroy();
        told(true);
      });
      socket.once('error', () => told(false));
    });

  const browser = async (): Promise<RawPeer> => {
    const peer = await RawPeer.open(browsers, true);
    undoing.add(async () => peer.close());
    return peer;
  };

  const login = async (peer: RawPeer, from = origin): Promise<string | null> => {
    peer.say(renderProof({ kind: 'challenge request' }));
    const challenge = new Uint8Array((await peer.hear())!.value('_challenge')!);
    const answer = { origin: from, challenge, timeMs: Date.now() };
    const { person, device, fingerprint } = ada;
    const claim = { person, device, to: 'b.test', fingerprint, peerFingerprint: null };
    const signature = proveBrowser(suite, claim, answer, ada.seed);
    const channel = channelOf(person, device);
    const evidence = { key: null, statement: null };
    peer.say(renderProof({ kind: 'browser', channel, claim, answer, signature, evidence }));
    return (await peer.hear())!.method;
  };

  /** What the command of people says of this server. */
  const said = (server: Endpoint): string => {
    const args = ['register', 'bob@b.test', '--server', `${server.host}:${server.port}`, '--timeout', '2'];
    const env = { ...process.env, P3DO_HOME: folder, P3DO_PASSPHRASE: 'try' };
    return spawnSync(process.execPath, [command, ...args], { env, encoding: 'utf8' }).stderr;
  };

  test('a browser logs in by answering a challenge, and is in a place', async () => {
    const peer = await browser();
    expect(await login(peer)).toBe('_notice_proved');
    const channel = channelOf(ada.person, ada.device);
    const routing = { _source: channel, _target: 'psyc://b.test/@hall', _tag: 'e', _counter: '1' };
    peer.say(render({ routing, method: '_request_context_enter' }));
    let heard = await peer.hear();
    while (heard !== null && heard.method !== '_echo_context_enter') heard = await peer.hear();
    expect(heard?.text('_amount_members')).toBe('1');
    peer.close();
  });

  test('a page that nobody logs in from does not', async () => {
    const peer = await browser();
    expect(await login(peer, 'https://evil.test')).toBe('_error_proof_foreign_origin');
  });

  test('the command of people hears that a web server is there, that nothing can be proved, or that somebody is between', () => {
    expect(said(browsers)).toContain('speaks TLS, and not PSYC');
    expect(said(bytes)).toContain('(_proof_unbound)');
    expect(said(anew)).toContain('(_proof_invalid_signature)');
  });

  test('who comes past the proxy is not heard', async () => {
    const socket = connect({ ...web, localAddress: '127.0.0.12' });
    socket.write('|\n');
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', () => {});
    await new Promise((closed) => socket.once('close', closed));
    expect(heard).toBe('');
  });

  test('connections count for whom the proxy brings, whatever he says of himself', async () => {
    const peers = [await browser(), await browser(), await browser()];
    for (const peer of peers) {
      peer.say(renderProof({ kind: 'challenge request' }));
      expect((await peer.hear())?.method).toBe('_notice_challenge');
    }
    const more = await browser();
    expect(await more.hear()).toBeNull();
    for (const peer of peers) peer.close();
  });

  test('the server says at its start who can come this way', () => {
    expect(served.log.some((line) => line.includes('through a proxy that ends TLS only browsers can log in'))).toBe(
      true,
    );
  });
});
