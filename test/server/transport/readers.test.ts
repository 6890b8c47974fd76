/** Readers that stop reading are bounded, and broken off. docs/spec/transport.md#writing */
import { afterEach, expect, test } from '@jest/globals';
import { closeAll, type Closing, opened, saying, type Station, type StationOptions } from './fixture.ts';
import { StillTimers } from './still-timers.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

test('a reader who stops is bounded, and broken off when he takes nothing for too long', async () => {
  const timers = new StillTimers();
  const station = await open({ timers, circuit: { unsentBytesMax: 200_000, idleMsMax: 1e9 } });
  const socket = await station.tls();
  socket.write('|\n');
  await station.ear.heard('ready');
  socket.pause();
  const circuit = station.ear.circuits[0]!;
  const send = saying('x'.repeat(10_000));
  // Until the kernel takes no more, turn by turn, as time stands still.
  while (!station.ear.lines.includes('refused')) {
    for (let count = 0; count < 10; count++) circuit.send(send);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
  expect(circuit.circuit.unsentBytes).toBeLessThanOrEqual(200_000);
  timers.pass(59_000);
  circuit.send(send);
  expect(station.ear.lines.filter((line) => line.startsWith('closed'))).toEqual([]);
  timers.pass(1_001);
  circuit.send(send);
  expect(station.ear.lines).toContain('closed _circuit_lost');
  expect(circuit.circuit.unsentBytes).toBeLessThanOrEqual(200_000);
  socket.destroy();
});

test('the circuit’s own timer notices too, and a reader who goes on is left alone', async () => {
  const timers = new StillTimers();
  const station = await open({ timers, circuit: { idleMsMax: 1e9 } });
  const [slow, good] = [await station.tls(), await station.tls()];
  for (const socket of [slow, good]) socket.write('|\n');
  await station.ear.heard('ready', 2);
  slow.pause();
  const send = saying('x'.repeat(10_000));
  const counts = (): number[] => station.ear.circuits.map(({ circuit }) => circuit.unsentBytes);
  while (!station.ear.lines.includes('refused')) {
    for (const circuit of station.ear.circuits) circuit.send(send);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
  while (counts()[1] !== 0) await new Promise(setImmediate);
  // The timer that was set for the greeting.
  timers.pass(90_000);
  expect(station.ear.lines.filter((line) => line.startsWith('closed'))).toEqual(['closed _circuit_lost']);
  slow.destroy();
  good.destroy();
});
