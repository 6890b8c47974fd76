/** A circuit that is lost is dialled again, later each time until the peer speaks. docs/spec/transport.md#dialling */
import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KeptCircuit } from '../../../server/transport/kept-circuit.ts';
import { Between } from './between.ts';
import { Ear } from './ear.ts';
import { closeAll, type Closing, dialling, opened, saying, type Station, type StationOptions } from './fixture.ts';
import { StillTimers } from './still-timers.ts';

const closing: Closing = [];
const open = (options?: StationOptions): Promise<Station> => opened(closing, options);
afterEach(() => closeAll(closing));

describe('kept', () => {
  test('dialled again after twice as long each time, until the peer speaks; and not after the end', async () => {
    const timers = new StillTimers();
    const ear = new Ear();
    let answering: Station | null = null;
    const between = await Between.open((near, keep) => {
      if (answering === null) {
        near.destroy();
        return;
      }
      const far = connectTcp(answering.port, answering.host);
      keep(far);
      near.pipe(far).pipe(near);
    });
    closing.push(() => between.close());
    const kept = new KeptCircuit(dialling(between, ear, { timers }));
    const pauses: number[] = [];
    kept.start();
    kept.start();
    for (let failures = 1; failures <= 9; failures++) {
      await ear.heard('closed _circuit_lost', failures);
      expect(kept.current).toBeNull();
      const pause = timers.delays.at(-1)!;
      pauses.push(pause);
      timers.pass(pause - 1);
      expect(kept.current).toBeNull();
      if (failures < 9) timers.pass(1);
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);

    answering = await open();
    timers.pass(1);
    await answering.ear.heard('ready');
    await ear.heard('ready');
    answering.ear.circuits[0]!.send(saying('hello'));
    await ear.heard(/hello/);
    answering.ear.circuits[0]!.close();
    await ear.heard(/^closed _circuit_ended/);
    expect(timers.delays.at(-1)).toBe(250);
    timers.pass(250);
    await answering.ear.heard('ready', 2);
    kept.stop();
    await ear.heard(/^closed _circuit_ended/, 2);
    expect(kept.current).toBeNull();
    timers.pass(1e9);
    expect(kept.current).toBeNull();
  });

  test('stopped in a pause it stays stopped', async () => {
    const timers = new StillTimers();
    const ear = new Ear();
    const kept = new KeptCircuit(dialling({ host: '127.0.0.1', port: 1 }, ear, { timers }));
    kept.start();
    await ear.heard('closed _circuit_lost');
    kept.stop();
    expect(timers.waiting).toBe(0);
    kept.start();
    await ear.heard('closed _circuit_lost', 2);
    kept.stop();
  });
});
