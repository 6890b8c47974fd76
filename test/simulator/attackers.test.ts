/** Attackers of networks of listeners: what they learn of a sound one, and that each planted weakness is noticed. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { type NetResult, playNet } from '../../simulator/net/play.ts';
import { netDefaults, type NetSetting } from '../../simulator/net/setting.ts';

const watched: NetSetting = {
  ...netDefaults,
  seed: 7n,
  degree: 4,
  servers: 12,
  dishonest: 0.25,
  kinds: ['log'],
  load: 0.3,
  sendMs: 150_000,
};

function play(setting: NetSetting): NetResult {
  const played = playNet(setting, { suiteOf: (random) => ({ ...suite, random }), isIdeal: true });
  for (;;) {
    const next = played.next();
    if (next.done === true) return next.value;
  }
}

const tell = (what: string, ...values: readonly unknown[]): void =>
  void process.stderr.write(`${what}: ${values.map((value) => JSON.stringify(value)).join(' ')}\n`);

test('attackers learn little from a sound network, and each planted weakness is noticed', () => {
  const sound = play(watched);
  expect(sound.probes).toBeGreaterThan(8);
  tell('sound', sound.global, sound.wires, sound.colluders, sound.order, sound.keptBack, sound.firstIsMaker);
  expect(sound.made).toBe(0);
  expect(sound.wires!.linked).toBeCloseTo(sound.wires!.guessed, 6);
  expect(sound.global!.linked).toBeLessThan(0.2);
  expect(sound.keptBack.kept / sound.keptBack.cells).toBeLessThan(0.001);

  const bare = play({ ...watched, weakness: 'no-cover', load: 0.03, sendMs: 900_000 });
  tell('no cover', bare.wires, bare.made);
  expect(bare.made).toBeGreaterThan(50);
  expect(bare.wires!.linked).toBeGreaterThan(2 * sound.wires!.linked);

  const hasty = play({ ...watched, weakness: 'no-delays' });
  tell('no delays', hasty.global);
  expect(hasty.global!.linked).toBeGreaterThan(3 * sound.global!.linked);

  const busy = { ...watched, load: 0.6, sendMs: 240_000 };
  const pooled = play(busy).order;
  const ordered = play({ ...busy, weakness: 'order-kept' }).order;
  tell('order, pooled and kept', pooled, ordered);
  expect(pooled.overtaken).toBeGreaterThan(0.25 * pooled.pairs);
  expect(ordered.pairs).toBeGreaterThan(20);
  expect(ordered.overtaken).toBeLessThan(0.1 * ordered.pairs);

  const silent = play({ ...watched, weakness: 'no-rebroadcast' });
  tell('no rebroadcast', silent.keptBack);
  expect(silent.keptBack.kept / silent.keptBack.cells).toBeGreaterThan(0.02);
});
