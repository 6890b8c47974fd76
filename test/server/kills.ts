/** Two domains whose people speak while one server after the other is killed, and what must be true afterwards. */
import { randomInt } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { Random } from '../../simulator/random.ts';
import { logOf, mailOf, pagesOf, verify, verifyHeard } from './books.ts';
import { newSpeakerKeys, offerFriendship, Speaker } from './node/speaker.ts';
import type { Undoing } from '../undoing.ts';
import { freeEndpoint, Served } from './served.ts';
import { Crowd } from './talkers.ts';

/** About as long as a start takes: who is killed sooner is killed in the middle of it. */
const START_MS = 900;

/** Acknowledgements of a life that may speak. */
const HEARD_MAX = 60;

/** How the servers die. */
export interface Kills {
  readonly count: number;
  /** Whether its database dies with a server. */
  readonly together: boolean;
  readonly programs?: string;
}

/** `P3DO_SEED` draws the same moments again; what the machine does between them is its own. */
const seedOf = (): bigint => BigInt(process.env['P3DO_SEED'] ?? randomInt(2 ** 32));

/** Kills as often as it is told, and verifies everything in the end. */
export async function kill(undoing: Undoing, { count, together, programs }: Kills): Promise<void> {
  const seed = seedOf();
  process.stderr.write(`kills${together ? ' with the database' : ''}: P3DO_SEED=${seed}\n`);
  const random = Random.of(seed, 'kills');
  const [atA, atB] = [await freeEndpoint(), await freeEndpoint()];
  const options = programs === undefined ? {} : { programs };
  const a = await Served.make(undoing, 'a.test', { ...options, endpoint: atA, peers: new Map([['b.test', atB]]) });
  const b = await Served.make(undoing, 'b.test', { ...options, endpoint: atB, peers: new Map([['a.test', atA]]) });
  for (const served of [a, b]) served.start();
  await Promise.all([a.ready, b.ready]);
  const [hall, zoe] = ['psyc://b.test/@hall', await newSpeakerKeys('zoe', 'b.test')];
  (await Speaker.open(b.endpoint, zoe, { invite: null })).close();
  const crowd = new Crowd();
  undoing.add(async () => {
    if (!crowd.isFinished) process.stderr.write(`${crowd.open}\n`);
    crowd.close();
  });
  const inHall = [await crowd.join(b, 'bob', hall), await crowd.join(b, 'eve', hall), await crowd.join(a, 'ada', hall)];
  const toZoe = [await crowd.join(b, 'kim', zoe.person), await crowd.join(a, 'dan', zoe.person)];
  await offerFriendship(
    b.endpoint,
    zoe,
    toZoe.map(({ keys }) => keys.person),
  );
  crowd.begin();
  await crowd.acknowledged(1);
  for (let death = 0; death < count; death++) {
    // Rows are where most goes on; the authors' server is killed in between.
    const victim = random.chance(0.25) ? a : b;
    if (random.chance(0.3)) await pass(random.below(START_MS));
    else {
      await Promise.all([a.ready, b.ready]);
      await crowd.acknowledged(random.between(1, HEARD_MAX));
    }
    await (together ? victim.killTogether() : victim.kill());
    victim.start();
  }
  await Promise.all([a.ready, b.ready]);
  expect([...a.endings, ...b.endings]).toEqual([]);
  await crowd.finish();
  const log = await logOf(b, hall);
  verify(log, inHall);
  verifyHeard(log, inHall);
  for (const { keys } of inHall.slice(0, 1)) expect(await pagesOf(b, keys, hall)).toEqual(log);
  const mail = await logOf(b, zoe.person);
  verify(mail, toZoe);
  expect(await mailOf(b, zoe, mail.length)).toEqual(mail);
  expect([...a.endings, ...b.endings]).toEqual([]);
}
