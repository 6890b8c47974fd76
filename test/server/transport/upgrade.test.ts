/** HTTP on the TLS port: which upgrades become circuits, and what everything else is answered. docs/spec/transport.md#http */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from './client.ts';
import { answer } from '../../../server/transport/http.ts';
import { closeAll, type Closing, opened, type Station, type StationOptions, textOf } from './fixture.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

describe('refused', () => {
  test.each<[string, string, string[], number]>([
    ['another path', '/chat', ['psyc'], 404],
    ['the root', '/', ['psyc'], 404],
    ['another subprotocol', '/psyc', ['mqtt'], 400],
    ['no subprotocol', '/psyc', [], 400],
  ])('%s', async (_, path, protocols, status) => {
    const station = await open();
    const client = new Client(station, path, protocols);
    expect(await client.opening).toBe(status);
    expect(station.ear.channels).toEqual([]);
  });

  test('a query does not make another path', async () => {
    const client = new Client(await open(), '/psyc?x=1');
    expect(await client.opening).toBeNull();
    client.websocket.close();
    await client.closed;
  });

  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: psyc\r\n';
  test.each<[string, string, RegExp]>([
    [
      'no upgrade',
      'GET /psyc HTTP/1.1\r\nHost: b\r\n\r\n',
      /^HTTP\/1\.1 426 .*upgrade: websocket\r\n.*subprotocol psyc\.\n$/is,
    ],
    ['another page', 'GET / HTTP/1.1\r\nHost: b\r\n\r\n', /^HTTP\/1\.1 404 .*WebSocket at \/psyc/s],
    ['POST', `POST /psyc HTTP/1.1\r\nHost: b\r\n${upgrade}\r\n`, /^HTTP\/1\.1 400 .*Invalid HTTP method/s],
    [
      'another protocol',
      'GET /psyc HTTP/1.1\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Protocol: psyc\r\n\r\n',
      /^HTTP\/1\.1 400 .*Invalid Upgrade header/s,
    ],
    [
      'no key',
      `GET /psyc HTTP/1.1\r\nHost: b\r\n${upgrade}Sec-WebSocket-Version: 13\r\n\r\n`,
      /^HTTP\/1\.1 400 .*Sec-WebSocket-Key/s,
    ],
    [
      'an old version',
      `GET /psyc HTTP/1.1\r\nHost: b\r\n${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n\r\n`,
      /^HTTP\/1\.1 400 .*Sec-WebSocket-Version/s,
    ],
    ['no HTTP after all', 'GARBAGE\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a head without end', `GET /psyc HTTP/1.1\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ])('a request: %s', async (_, request, expected) => {
    const station = await open();
    for (const ALPNProtocols of [undefined, ['http/1.1']]) {
      const socket = await station.tls({ ALPNProtocols });
      const text = textOf(socket);
      socket.write(request);
      expect(await text).toMatch(expected);
    }
    expect(station.ear.channels).toEqual([]);
  });

  test('answers end with their text', () => {
    expect(answer(404, 'no\n')).toBe(
      'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nno\n',
    );
  });
});
