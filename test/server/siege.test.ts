/** A small siege of the real command: whatever hostile clients do, the others lose no circuit and no message, and nobody forged gets in. */
import { afterAll, expect, test } from '@jest/globals';
import { Undoing } from '../undoing.ts';
import { needsLinux } from './linux.ts';
import { debian, needsDebian } from './postgres/clusters.ts';
import { Served } from './served.ts';
import { type AttackName, attacks, type Tally } from './siege/attacks.ts';
import { Others } from './siege/others.ts';

const undoing = new Undoing();
afterAll(async () => undoing.run());

const domain = 'besieged.test';
const place = `psyc://${domain}/@hall`;

/** How many attack, what those tell who were attacked, and how many must have been there. */
const sieges: [AttackName, number, Tally][] = [
  ['deaf', 24, { 'open to the end': 24 }],
  ['slow', 16, { 'open to the end': 16 }],
  ['slowloris', 64, { 'open to the end': 64 }],
  ['churn', 200, { 'came and went': 200 }],
  // Every other one is forged.
  ['storm', 80, { 'logged in': 40, _proof_invalid_signature: 40 }],
  ['idle', 64, { 'open to the end': 64 }],
];

needsDebian('Debian’s PostgreSQL', () => {
  needsLinux('on Linux', () => {
    test('everything that the others say is acknowledged and heard by all of them, once, under every attack', async () => {
      const served = await Served.make(undoing, domain, { programs: debian });
      served.start();
      await served.ready;
      const options = { domain, place, people: 4, rate: 40, bodyBytes: 16_384 };
      const others = await Others.join(served.endpoint, options);
      undoing.add(async () => others.close());
      for (const [name, count, expected] of sieges) {
        const attack = attacks[name]({ endpoint: served.endpoint, domain, place, count });
        await attack.prepare?.();
        others.talk();
        await attack.begin();
        await others.heardMore(20);
        await attack.done?.();
        const tally = await attack.end();
        await others.heardMore(20);
        await others.stop();
        expect([name, others.harms, tally]).toEqual([name, [], expected]);
      }
    });
  });
});
