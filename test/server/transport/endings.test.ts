/** How circuits over real TLS end: resets, halves, owners, errors. docs/spec/transport.md#streams */
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { dial } from './dial.ts';
import { Between } from './between.ts';
import { Ear } from './ear.ts';
import { closeAll, type Closing, dialling, opened, saying, type Station, type StationOptions } from './fixture.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

test('an error in the bytes is told to the peer before the end', async () => {
  const station = await open();
  const socket = await station.tls();
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write('|\nnonsense\n');
  await new Promise((done) => socket.once('close', done));
  expect(text).toContain('_error_invalid_line');
  expect(station.ear.lines).toEqual(['ready', 'closed _invalid_line']);
});

test('a connection that is reset is lost at both ends', async () => {
  const station = await open();
  const fars: Socket[] = [];
  const between = await Between.open((near, keep) => {
    const far = connectTcp(station.port, station.host);
    keep(far);
    fars.push(near, far);
    near.pipe(far).pipe(near);
  });
  closing.push(() => between.close());
  const ear = new Ear();
  const runner = dial(dialling(between, ear));
  // At rest: while the server still writes its tickets, Node takes a reset for an end.
  station.ear.answer = (circuit) => circuit.send(saying('and back'));
  await ear.heard('ready');
  runner.send(saying('hello'));
  await ear.heard(/and back/);
  for (const socket of fars) socket.resetAndDestroy();
  await Promise.all([station.ear.heard('closed _circuit_lost'), ear.heard('closed _circuit_lost')]);
});

test('an end inside a packet is _truncated', async () => {
  const station = await open();
  const socket = await station.tls();
  socket.end('|\n:_tag\t1\n');
  await station.ear.heard('closed _truncated');
});

test('a peer who keeps his half open is closed all the same', async () => {
  const station = await open({ limits: { closingMsMax: 50 } });
  const socket = await station.tls({ allowHalfOpen: true } as object);
  socket.write('|\n');
  await station.ear.heard('ready');
  station.ear.circuits[0]!.close();
  await new Promise((done) => socket.once('end', done));
  expect(socket.writable).toBe(true);
  await station.close();
  socket.destroy();
});

test('an owner who closes in the middle of a step hears no more of it', async () => {
  const station = await open();
  station.ear.answer = (circuit) => circuit.close();
  const socket = await station.tls();
  socket.write('|\n:_tag\t1\n\n_a\n|\n:_tag\t2\n\n_b\n|\n');
  await station.ear.heard(/^closed/);
  expect(station.ear.lines).toEqual(['ready', 'packet  _a ', 'closed _circuit_ended']);
});
