/** `p3do send --anonymous`: one message from nobody, in an onion over other servers. docs/spec/people.md#anonymous */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AnonymousError } from '../client/anonymous/error.ts';
import { keysIn } from '../client/anonymous/keys-file.ts';
import { anonymousLimits } from '../client/anonymous/limits.ts';
import {
  Sending,
  type SendingNews,
  type SendingOptions,
  type SendOutcome,
  type SendWish,
} from '../client/anonymous/sending.ts';
import { Client } from '../client/client.ts';
import type { Whose } from '../client/profile/profile.ts';
import { OnionError } from '../onion/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { suite } from '../server/suite.ts';
import { systemTimers } from '../server/transport/timers.ts';
import type { Asking } from '../client/anonymous/asking.ts';
import { readWish } from '../client/anonymous/stock-file.ts';
import type { AskWish, There } from '../round-trips/wish.ts';
import { stockLimits } from '../round-trips/stock-limits.ts';
import { askingOnce, thereIn, thereOption } from './person/asking.ts';
import { explained } from './person/codes.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';
import { believing, pinsFor, withUnvouched } from './person/stations.ts';
import { type Talk, talk } from './person/talk.ts';
import { between, person } from './person/target.ts';
import { textIn } from './person/text.ts';

interface Options extends Shared {
  readonly anonymous?: true;
  readonly hops: number;
  readonly there?: There;
  readonly level?: number;
  /** Seconds. */
  readonly clock?: number;
  readonly cells?: number;
  readonly unvouched?: true;
  readonly byHome?: true;
}

const { hopsMin, hopsMax, hopsUsual, askHopsMax } = anonymousLimits;
const { clockSecondsMin, clockSecondsMax, clockCellsMin, clockCellsMax, clockCellsUsual } = anonymousLimits;

/** So many times the mean, and so many strikes more: practically no clock is later than that. */
const PATIENCE = { times: 2, strikes: 30, seconds: 60, askingSeconds: 660 };

/** Adds the arguments, the page and the action of `p3do send`. */
export function register(command: Command): void {
  withShared(
    withUnvouched(
      command
        .argument('<target>', 'nick@domain, or a uniform', person)
        .argument('<text...>', 'what to say; - reads it on standard input, less one line feed at its end')
        .option('--anonymous', 'as nobody: without it there is p3do say')
        .option(
          '--hops <number>',
          `servers on the way, the last one’s included: ${hopsMin} to ${hopsMax}`,
          between(hopsMin, hopsMax),
          hopsUsual,
        )
        .addOption(thereOption())
        .option(
          '--level <number>',
          `of one-time secrets: 0 to ${stockLimits.levelMax} (as p3do stock says)`,
          between(0, stockLimits.levelMax),
        )
        .option(
          '--clock <seconds>',
          `cells leave at random times, so long apart in the mean (${clockSecondsMin} to ${clockSecondsMax}): one is the message, or several where it is long`,
          between(clockSecondsMin, clockSecondsMax),
        )
        .option(
          '--cells <number>',
          `how many leave on the clock: ${clockCellsMin} to ${clockCellsMax} (${clockCellsUsual})`,
          between(clockCellsMin, clockCellsMax),
        )
        .option('--by-home', 'have your home look for the reader’s keys, the first time: it learns for whom they are'),
    ),
    'how long to wait for your home (60; where keys are asked for as nobody 720)',
  )
    .addHelpText(
      'after',
      `
Nobody but its reader can read it, and no server learns both who sends it and for whom it is: your home gets a
cell like all others, each server on the way finds the next one in it, and the last one finds the reader. The
way is drawn anew each time from the servers that your home knows. Nobody tells whether it arrives, and what is lost
is not said again. What is too long for one cell goes in several over a way each, half as many more as are needed. The
reader sees that it comes from nobody, among the requests of strangers, and cannot answer.

Your home cannot make up servers on the way: their keys are those that you know already (p3do trust), or are signed by
domains whose keys you know. As long as you know no domain but your home you can only believe it, and are told so.

The first time the reader's own server is asked for his keys, as nobody (p3do ask): your home sees that you ask something,
and the reader's that somebody asks for his keys and writes soon after, if you do. They are kept here for later; who minds
writes another time. With --by-home your home looks for them in its own name, which is quicker, and knows for whom.

With --there secrets no layer is for a key of a server: each is for a secret that its server forgets with its use, so that
nobody opens it later, whoever's keys he gets. What lacks of the stock is fetched first (p3do help stock), which is told.

With --clock your home cannot tell at which time you say something: at each strike of a clock a cell leaves, the message
at one of them, at the others cover that looks the same. It takes as long as the clock needs for all of them. These go over keys.

Examples:
  $ p3do send --anonymous --hops 3 bob@b.example Look under the stone
  $ p3do send --anonymous --clock 5 --cells 20 bob@b.example Look under the stone`,
    )
    .action(async (to: string, words: string[], options: Options) => {
      if (options.anonymous !== true) command.error('--anonymous is needed: in your own name it is p3do say');
      if (options.level !== undefined && options.there === 'keys') command.error('--level needs --there secrets');
      if (options.cells !== undefined && options.clock === undefined) command.error('--cells needs --clock');
      const isRead = words.length === 1 && words[0] === '-';
      const text = isRead ? textIn(await buffer(process.stdin)) : words.join(' ');
      if (text === null) {
        fail(command, options, '_input_invalid', 'standard input is not UTF-8');
        return;
      }
      if (text === '') command.error('there is nothing to say');
      const whose = await whoseOf(command, options.as);
      const kept = await keysIn(whose.folder).read(to, Math.floor(Date.now() / 1000));
      const stock = await readWish(whose.folder);
      const { there = options.level === undefined ? thereIn(stock) : 'secrets' } = options;
      if (there === 'secrets' && options.hops > askHopsMax)
        command.error(`over one-time secrets it is ${hopsMin} to ${askHopsMax} servers`);
      if (there === 'secrets' && options.clock !== undefined)
        command.error('cells on a clock go over keys: --there keys is needed');
      const level = there === 'secrets' ? (options.level ?? stock.level) : undefined;
      const isAsking = (kept === null && options.byHome !== true) || level !== undefined;
      const pins = await pinsFor(whose);
      await talk(command, { ...options, timeout: patienceOf(options, isAsking) }, async (home) => {
        try {
          const sent = async (sending: Sending): Promise<void> => {
            const outcome = await new Client(home, null, sending).send(to, text, {
              anonymous: { ...wishOf(options), level },
            });
            told(command, options, whose.domain, outcome);
          };
          const stations = believing(command, home, { ...whose, pins, unvouched: options.unvouched });
          if (level === undefined) {
            const find = (person: string) => foundAsNobody(command, { ...options, stations }, home, whose, person);
            await sent(sendingOf(command, home, whose, options, { pins, stations, find }));
          } else
            await askingOnce(command, { ...options, there, level, stations }, home, whose, async (one, wish) => {
              const find = (person: string) => foundBy(command, options, one, wish, person);
              await sent(
                sendingOf(command, home, whose, options, {
                  ...{ pins, stations, find },
                  route: (end, way) => one.route(end, way),
                }),
              );
            });
        } catch (error) {
          if (!(error instanceof AnonymousError || error instanceof OnionError)) throw error;
          const more = error.code === '_anonymous_excessive_parts' ? ': say --cells' : '';
          fail(command, options, error.code, `${error.message}${more} (${error.code})`);
        }
      });
    });
}

function wishOf({ hops, clock, cells = clockCellsUsual }: Options): SendWish {
  return clock === undefined ? { hops } : { hops, clock: { meanMs: clock * 1000, cells } };
}

/** What the library is given here: the person's folder, the system's time, and somebody to tell. */
function sendingOf(
  command: Command,
  home: Talk,
  { domain, folder }: Whose,
  { byHome }: Options,
  { find, ...means }: Pick<SendingOptions, 'pins' | 'stations' | 'find' | 'route'>,
): Sending {
  return new Sending({
    ...{ suite, home, domain, ...means },
    find: byHome === true ? undefined : find,
    keys: keysIn(folder),
    wallMs: () => Date.now(),
    alarms: systemTimers,
    told: (news) => complain(command, newsLine(news)),
  });
}

function told(command: Command, options: Options, at: string, outcome: SendOutcome): void {
  if (outcome.kind === 'refused') return;
  if (outcome.kind === 'failure') {
    const { code } = outcome;
    fail(
      command,
      options,
      code,
      code === '_mor_full' ? 'your home has no room for more cells (_mor_full)' : explained(code),
    );
    return;
  }
  const { parts, needed, level } = outcome;
  const cells = parts === 1 ? '' : ` in ${parts} cells, of which ${needed} are needed,`;
  const way = `over ${options.hops} servers by ${level === null ? 'their keys' : `one-time secrets of level ${level}`}`;
  const line = `handed to ${at}${cells} ${way}; nobody tells whether it arrives\n`;
  tell(options, { kind: 'handed', at, hops: options.hops, parts, needed, level }, line);
}

/** Of the reader's own server, over onions, and back over tickets. */
async function foundAsNobody(
  command: Command,
  options: Parameters<typeof askingOnce>[1],
  home: Talk,
  whose: Whose,
  to: string,
): Promise<Packet | null> {
  let found: Packet | null = null;
  const asks = { ...options, hops: Math.min(options.hops ?? askHopsMax, askHopsMax) };
  await askingOnce(command, asks, home, whose, async (one, wish) => {
    found = await foundBy(command, options, one, wish, to);
  });
  return found;
}

async function foundBy(
  command: Command,
  options: Pick<Shared, 'json'>,
  one: Asking,
  wish: AskWish,
  to: string,
): Promise<Packet | null> {
  const text = `the key of ${nameOf(to)} is asked for first, as nobody`;
  complain(command, `${text} (with --by-home your home looks for it, and learns for whom)`);
  const outcome = await one.request({ target: to, method: '_request_keys', entity: {} }, wish);
  if (outcome.kind === 'answer') return outcome.packets.at(-1)!;
  fail(command, options, outcome.code, explained(outcome.code));
  return null;
}

function newsLine(news: SendingNews): string {
  if (news.kind === 'key')
    return `key of ${nameOf(news.person)}, found ${news.isByHome ? 'by your home' : 'as nobody'} and kept here: ${news.fingerprint}`;
  const { cells, parts, meanMs } = news;
  const which = parts === 1 ? 'one of them' : `${parts} of them`;
  return `${cells} cells leave in about ${(meanMs / 1000) * cells} seconds, ${which} with the message`;
}

/** How long to wait for the home, seconds: as said, or as the clock needs. */
function patienceOf({ timeout, clock, cells = clockCellsUsual }: Options, isAsking: boolean): number {
  const { times, strikes, seconds, askingSeconds } = PATIENCE;
  const asking = isAsking ? askingSeconds : 0;
  return timeout ?? seconds + asking + (clock === undefined ? 0 : clock * (times * cells + strikes));
}
