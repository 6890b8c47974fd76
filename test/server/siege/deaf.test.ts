/** Members who stop reading: how long they stay, and what is kept for them until then. docs/spec/transport.md#deaf-peers */
import { afterEach, expect, test } from '@jest/globals';
import { circuitLimits } from '../../../circuit/limits.ts';
import { type TransportLimits, transportLimits } from '../../../server/transport/limits.ts';
import type { Listener } from '../../../server/transport/listen.ts';
import { newSpeakerKeys, Sayings, Speaker } from '../node/speaker.ts';
import { Town } from '../node/town.ts';
import { StillTimers } from '../transport/still-timers.ts';
import { Weighed } from './weighed.ts';

const { idleMsMax, keepAliveMs, unsentBytesMax } = circuitLimits;
const { stalledMsMax, closingMsMax } = transportLimits;
const domain = 'a.example';
const hall = `psyc://${domain}/@hall`;
/** How many are deaf; every other one comes with WebSocket. */
const DEAF = 4;

let town: Town;
let timers: StillTimers;
let weighed: Weighed[];
let listener: Listener;
let deaf: Speaker[];
let ada: Speaker;
let byAda: Sayings;

/** Somebody who talks and reads, and some who have entered and read no more. */
async function besiege(limits = transportLimits as TransportLimits): Promise<void> {
  town = new Town();
  timers = new StillTimers();
  weighed = [];
  deaf = [];
  const seen = (stream: ConstructorParameters<typeof Weighed>[0]): Weighed => {
    weighed.push(new Weighed(stream));
    return weighed.at(-1)!;
  };
  listener = await town.open(domain, { timers, seen, limits });
  for (let at = 0; at <= DEAF; at++) {
    const keys = await newSpeakerKeys(`member${at}`, domain);
    const options = { invite: null, isWebSocket: at % 2 === 1 };
    const speaker = await Speaker.open(town.endpoints.get(domain)!, keys, options);
    const sayings = new Sayings(keys, hall);
    speaker.say(sayings.ask('_request_context_enter'));
    await speaker.method('_echo_context_enter');
    if (at === 0) [ada, byAda] = [speaker, sayings];
    else {
      speaker.peer.socket.pause();
      deaf.push(speaker);
    }
  }
}

afterEach(async () => {
  for (const speaker of [ada, ...deaf]) speaker.close();
  await town.close();
});

/** ada says something, and hears that it was taken; then all who are to hear it have been written to. */
async function talk(text: string): Promise<void> {
  ada.say(byAda.say('_message_public', text));
  await ada.method('_message_public');
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

/** How the server left each of the deaf. */
const ends = (): (string | null)[] => weighed.slice(1).map(({ left }) => left);
const allDeaf = <T>(end: T): T[] => Array.from({ length: DEAF }, () => end);

/** Only ada's connection is left: the others go in a turn or two. */
async function alone(): Promise<void> {
  while (listener.connections > 1) await new Promise(setImmediate);
}

test('who stops reading and says nothing is gone after idleMsMax, however little was said to him', async () => {
  await besiege();
  // As long as they last: ada is heard, and goes on.
  for (let passedMs = 0; passedMs < idleMsMax; passedMs += keepAliveMs) {
    expect(ends()).toEqual(allDeaf(null));
    await talk('hello');
    timers.pass(keepAliveMs);
  }
  expect(ends()).toEqual(allDeaf('ended'));
  timers.pass(closingMsMax);
  await alone();
  await talk('still here');
});

test('who says that he lives and does not read has unsentBytesMax kept for him, and is gone stalledMsMax and keepAliveMs after', async () => {
  await besiege();
  const kept = (): number[] => weighed.slice(1).map(({ keptBytes }) => keptBytes);
  const long = 'x'.repeat(60_000);
  // Until the system takes no more, and no further message finds room; time stands still.
  while (kept().some((bytes) => bytes + long.length <= unsentBytesMax)) await talk(long);
  for (let more = 0; more < 20; more++) await talk(long);
  for (const { keptBytesMax } of weighed.slice(1)) expect(keptBytesMax).toBeLessThanOrEqual(unsentBytesMax);
  const empty = new TextEncoder().encode('|\n');
  timers.pass(stalledMsMax - 1);
  for (const { peer } of deaf) peer.say(empty);
  await talk('hello');
  expect(ends()).toEqual(allDeaf(null));
  // Nothing more is said: their circuits' own timers see it.
  timers.pass(1 + keepAliveMs);
  expect(ends()).toEqual(allDeaf('broken off'));
  await alone();
  await talk('still here');
});

test('those who take nothing hold no more than stalledBytesMax together: who holds most is broken off, and nobody else', async () => {
  const stalledBytesMax = 1_500_000;
  await besiege({ ...transportLimits, stalledBytesMax });
  const held = (): number[] => weighed.slice(1).map(({ left, keptBytes }) => (left === null ? keptBytes : 0));
  const sum = (): number => held().reduce((all, bytes) => all + bytes, 0);
  while (sum() <= stalledBytesMax) await talk('x'.repeat(60_000));
  const before = held();
  timers.pass(transportLimits.stalledLookMs);
  expect(sum()).toBeLessThanOrEqual(stalledBytesMax);
  const stay = before.filter((_, at) => ends()[at] === null);
  const gone = before.filter((_, at) => ends()[at] === 'broken off');
  expect(stay.length + gone.length).toBe(DEAF);
  expect(Math.min(...gone)).toBeGreaterThanOrEqual(Math.max(...stay, 0));
  // No more than had to go.
  expect(sum() + Math.min(...gone)).toBeGreaterThan(stalledBytesMax);
  while (listener.connections > 1 + stay.length) await new Promise(setImmediate);
  await talk('still here');
});
