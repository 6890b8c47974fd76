/** `p3do send --anonymous`: one message from nobody, in an onion over other servers. docs/spec/people.md#anonymous */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AnonymousError } from '../client/anonymous/error.ts';
import { type KeptReader, readKeys, writeKeys } from '../client/anonymous/keys-file.ts';
import { CellClock, type Make } from '../client/anonymous/clock.ts';
import { anonymousLimits } from '../client/anonymous/limits.ts';
import { anonymousCell, coverCell, sealText } from '../client/anonymous/message.ts';
import type { Pins } from '../client/anonymous/stations.ts';
import { answerTo } from '../client/session/answers.ts';
import { bytesOfHex } from '../crypto/bytes.ts';
import { OnionError } from '../onion/error.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { suite } from '../server/suite.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { onClock } from './person/clocked.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';
import { believing, changedIn, pinsFor, withUnvouched } from './person/stations.ts';
import { type Talk, talk, type Told } from './person/talk.ts';
import { between, person } from './person/target.ts';
import { textIn } from './person/text.ts';

interface Options extends Shared {
  readonly anonymous?: true;
  readonly hops: number;
  /** Seconds. */
  readonly clock?: number;
  readonly cells?: number;
  readonly unvouched?: true;
}

const { hopsMin, hopsMax, hopsUsual } = anonymousLimits;
const { clockSecondsMin, clockSecondsMax, clockCellsMin, clockCellsMax, clockCellsUsual } = anonymousLimits;

/** So many times the mean, and so many strikes more: practically no clock is later than that. */
const PATIENCE = { times: 2, strikes: 30, seconds: 60 };

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
        .option(
          '--clock <seconds>',
          `cells leave at random times, so long apart in the mean (${clockSecondsMin} to ${clockSecondsMax}): one is the message, or several where it is long`,
          between(clockSecondsMin, clockSecondsMax),
        )
        .option(
          '--cells <number>',
          `how many leave on the clock: ${clockCellsMin} to ${clockCellsMax} (${clockCellsUsual})`,
          between(clockCellsMin, clockCellsMax),
        ),
    ),
    'how long to wait for your home (60)',
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

What is told by asking: the first time your home looks for the keys of the reader, and knows for whom; it asks in
its own name. They are kept here for later. Write again some other time than right after, if that matters.

With --clock your home cannot tell at which time you say something: at each strike of a clock a cell leaves, the message
at one of them, at the others cover that looks the same. It takes as long as the clock needs for all of them.

Examples:
  $ p3do send --anonymous --hops 3 bob@b.example Look under the stone
  $ p3do send --anonymous --clock 5 --cells 20 bob@b.example Look under the stone`,
    )
    .action(async (to: string, words: string[], options: Options) => {
      if (options.anonymous !== true) command.error('--anonymous is needed: in your own name it is p3do say');
      if (options.cells !== undefined && options.clock === undefined) command.error('--cells needs --clock');
      const isRead = words.length === 1 && words[0] === '-';
      const text = isRead ? textIn(await buffer(process.stdin)) : words.join(' ');
      if (text === null) {
        fail(command, options, '_input_invalid', 'standard input is not UTF-8');
        return;
      }
      if (text === '') command.error('there is nothing to say');
      const whose = await whoseOf(command, options.as);
      await talk(command, { ...options, timeout: patienceOf(options) }, async (home) => {
        try {
          const mor = `psyc://${whose.domain}/$mor`;
          const pins = await pinsFor(whose);
          const { unvouched } = options;
          const believed = await believing(command, home, { domain: whose.domain, pins, unvouched })();
          const reader = believed === null ? null : await readerOf(command, home, mor, whose, to, pins);
          if (believed === null || reader === null) return;
          believed.check(options.hops, parseUniform(to).host);
          const way = { stations: believed.stations, home: whose.domain, hops: options.hops };
          const sealed = sealText(suite, reader, text);
          const [parts, { needed }] = [sealed.contents.length, sealed];
          const make = (part: number | null): Uint8Array =>
            part === null
              ? coverCell(suite, way, Date.now())
              : anonymousCell(suite, way, reader, sealed.contents[part]!, Date.now());
          if (!(await handed(command, options, home, mor, { parts, needed }, make))) return;
          const cells = parts === 1 ? '' : ` in ${parts} cells, of which ${needed} are needed`;
          const line = `handed to ${whose.domain}${cells}; nobody tells whether it arrives\n`;
          tell(options, { kind: 'handed', at: whose.domain, hops: options.hops, parts, needed }, line);
        } catch (error) {
          if (!(error instanceof AnonymousError || error instanceof OnionError)) throw error;
          fail(command, options, error.code, `${error.message} (${error.code})`);
        }
      });
    });
}

/** Hands it in, at once or on the clock; false: it was refused, and that has been told. */
async function handed(
  command: Command,
  options: Options,
  home: Talk,
  mor: string,
  { parts, needed }: { readonly parts: number; readonly needed: number },
  make: Make,
): Promise<boolean> {
  const { clock, cells = clockCellsUsual } = options;
  if (clock === undefined) {
    for (let part = 0; part < parts; part++) {
      const told = await home.ask({ target: mor, method: '_request_mor_cell', entity: { _cell: make(part) } });
      if (told === null) return false;
    }
    return true;
  }
  if (cells < parts) {
    const text = `the message takes ${parts} cells, and ${cells} leave on the clock: say --cells`;
    throw new AnonymousError('_anonymous_excessive_parts', text);
  }
  const wish = { meanMs: clock * 1000, cells, parts, needed };
  const machine = new CellClock(suite.random, wish, make, systemTimers.nowMs());
  const which = parts === 1 ? 'one of them' : `${parts} of them`;
  complain(command, `${cells} cells leave in about ${clock * cells} seconds, ${which} with the message`);
  const isTaken = await onClock(home, mor, machine, systemTimers);
  if (isTaken === false) fail(command, options, '_mor_full', 'your home has no room for more cells (_mor_full)');
  return isTaken === true;
}

/** How long to wait for the home, seconds: as said, or as the clock needs. */
function patienceOf({ timeout, clock, cells = clockCellsUsual }: Options): number {
  const { times, strikes, seconds } = PATIENCE;
  return timeout ?? seconds + (clock === undefined ? 0 : clock * (times * cells + strikes));
}

/** The reader's keys: those that are kept, or what the home finds, checked; null: it was refused, and that has been told. */
async function readerOf(
  command: Command,
  home: Talk,
  mor: string,
  whose: { readonly folder: string; readonly nick: string; readonly domain: string },
  to: string,
  pins: Pins,
): Promise<KeptReader | null> {
  const now = Math.floor(Date.now() / 1000);
  const kept = await readKeys(whose.folder, nameOf(to), now);
  if (kept !== null) return kept;
  const told = await home.ask({ target: mor, method: '_request_mor_keys', entity: { _person: to } });
  if (told === null || typeof told === 'string') return null;
  const reader = await checked(told, to, now);
  if (changedIn(pins, to, reader.print) || changedIn(pins, parseUniform(to).host, reader.domainPrint)) {
    throw new AnonymousError('_anonymous_changed_key', `another key of ${nameOf(to)} than the one that is pinned here`);
  }
  await writeKeys(whose.folder, nameOf(to), reader.kept);
  complain(command, `key of ${nameOf(to)}, found by your home and kept here: ${reader.print}`);
  return reader.kept;
}

async function checked(told: readonly Told[], to: string, now: number) {
  const { packet } = told.at(-1)!;
  const bytes = (name: string): Uint8Array => new Uint8Array(packet.value(name) ?? []);
  const question = { kind: 'check person', person: to, succession: null, known: null, move: null } as const;
  const [key, statement, domainKey] = [bytes('_key'), bytes('_statement'), bytes('_key_domain')];
  const answer = await answerTo({ ...question, key, statement, domainKey }, now);
  if (answer.kind !== 'person' || answer.keys.encryptionKey === null) {
    throw new AnonymousError('_anonymous_unknown_keys', `no keys of ${nameOf(to)} that hold`);
  }
  const { fingerprint: print, domainFingerprint: domainPrint, encryptionKey: publicKey, until } = answer.keys;
  const kept = { uniform: to, fingerprint: bytesOfHex(print)!, publicKey, until };
  return { print, domainPrint, kept };
}
