/** `p3do box make`, `list`, `address`, `fetch`, `leave`, `close`: boxes of one's own. docs/spec/pigeonhole.md#client */
import { type Command, InvalidArgumentError } from 'commander';
import { addressOf } from '../../client/pigeonhole/address.ts';
import { depositBits } from '../../client/pigeonhole/asking.ts';
import { boxesIn, readBox, removeBox, writeBox } from '../../client/pigeonhole/files.ts';
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import { type BoxState, newBoxState } from '../../client/pigeonhole/state.ts';
import { readWords } from '../../client/pigeonhole/words.ts';
import type { Surroundings } from '../../client/services/asking.ts';
import { isDomain } from '../../psyc/names.ts';
import { suite } from '../../server/suite.ts';
import { confirmed, withYes, type Yes } from '../person/confirm.ts';
import { complain, type Shared, tell, whoseOf, withShared } from '../person/conversation.ts';
import { safeLine } from '../person/safe.ts';
import { clock, safeText } from '../person/show.ts';
import { asking, type BoxOptions, type AtWork, named, subcommand, telling, wayOf, withWay } from './work.ts';

interface Making extends BoxOptions {
  readonly at?: string;
  readonly bits: number;
}

const HOUR_MS = 3_600_000;
const PATIENCE = 'how long it may take in all (60; as nobody 3600)';

/** Adds the subcommands. */
export function registerOwner(command: Command): void {
  registerMake(command);
  registerList(command);
  registerFetch(command);
  registerLeave(command);
  registerClose(command);
}

function registerMake(parent: Command): void {
  const command = subcommand(parent, 'make', 'make a box');
  withShared(
    withWay(
      command
        .argument('<name>', 'what it is called on this device, and nowhere else', named)
        .option('--at <domain>', 'which domain is to keep it; with --direct your own, if you do not say', domain)
        .option('--bits <number>', 'work for whoever puts something in: one more doubles it', bits, depositBits.usual),
    ),
    PATIENCE,
  )
    .addHelpText(
      'after',
      `
It takes some seconds of work, which the domain asks for since it does not know who you are. The box's secret is in
a file of this device only: whoever loses it has lost the box (p3do box secret, p3do box share).

Examples:
  $ p3do box make letters --at b.example --anonymous
  $ p3do box make letters --at b.example --direct`,
    )
    .action(async (name: string, options: Making) => {
      const way = wayOf(command, options);
      // The choice would say whose it is: of the boxes at a home most are its people's.
      if (way === 'anonymous' && options.at === undefined)
        command.error('--at is needed with --anonymous: a box at your home is known for one of its people’s');
      const { domain: own } = await whoseOf(command, options.as);
      await asking(command, options, way, async (around, folder) => {
        const owner = ownerOf(around, folder, name, await begun(folder, name, options.at ?? own, way));
        try {
          await owner.make(options.bits);
        } catch (error) {
          if (owner.state.untilSeconds === 0) complain(command, 'not made yet: the same command goes on');
          throw error;
        }
        const address = addressOf(suite, owner.state);
        tell(options, { kind: 'box', name, address, until: owner.state.untilSeconds }, `${address}\n`);
      });
    });
}

/** A box on this device that is not made yet: a new one, or that which was to be made before. Throws PigeonholeError `_box_known`. */
async function begun(folder: string, name: string, at: string, way: BoxState['way']): Promise<BoxState> {
  if ((await boxesIn(folder)).includes(name)) {
    const before = await readBox(folder, name);
    if (before.untilSeconds === 0 && before.domain === at && before.way === way) return before;
  }
  const fresh = newBoxState(suite, at, way);
  // Before it is made: a box without its secret would be nobody's.
  await writeBox(folder, name, fresh, 'new');
  return fresh;
}

function registerList(parent: Command): void {
  const command = subcommand(parent, 'list', 'the boxes of this device; with a name its address alone');
  withShared(command.argument('[name]', 'which one', named), PATIENCE).action(
    async (only: string | undefined, options: Shared) => {
      const { folder } = await whoseOf(command, options.as);
      await telling(command, options, async () => {
        const names = only === undefined ? await boxesIn(folder) : [only];
        for (const name of names) {
          const state = await readBox(folder, name);
          const address = addressOf(suite, state);
          const until = state.untilSeconds === 0 ? 'not made yet' : `until ${clock(state.untilSeconds * 1000)}`;
          const line =
            only === undefined
              ? `${name} at ${state.domain}, ${until}, asked ${asked(state)}\n  ${address}\n`
              : `${address}\n`;
          tell(options, { kind: 'box', name, address, way: state.way, until: state.untilSeconds }, line);
        }
        if (names.length === 0) complain(command, 'no boxes: p3do box make makes one');
      });
    },
  );
}

function registerFetch(parent: Command): void {
  const command = subcommand(parent, 'fetch', 'what has come into a box; it is deleted there when all devices have it');
  withShared(withYes(withWay(command.argument('<name>', 'which one', named))), PATIENCE)
    .addHelpText(
      'after',
      `
What has come is written to this device first, then acknowledged, then shown. Who has written it nobody tells; where it
says where an answer goes, that is shown. A box stays 60 days from the last time that this was done.

Example:
  $ p3do box fetch letters`,
    )
    .action((name: string, options: BoxOptions & Yes) =>
      onBox(command, name, options, async (owner, folder, { page }) => {
        try {
          await owner.fetch(page);
        } finally {
          // Whatever failed, what has come is here, and is shown once.
          await show(command, options, owner, folder, name);
        }
      }),
    );
}

/** Shows what has come, and what never will, and then forgets it: where this device dies in between it is shown again. */
async function show(
  command: Command,
  options: BoxOptions,
  { state }: BoxOwner,
  folder: string,
  name: string,
): Promise<void> {
  const { messages, inbox } = state;
  if (messages.length === 0 && inbox.forgotten === 0) return;
  for (const { content, hour } of messages) {
    const words = readWords(content);
    const { text, reply } = words ?? { text: null, reply: null };
    const said = text === null ? '(something that this p3do does not know)' : safeText(text);
    const answers = reply === null ? '' : `    answers go to ${safeLine(reply)}\n`;
    const line = `${clock(hour * HOUR_MS)} ${name} somebody: ${said}\n${answers}`;
    tell(options, { kind: 'box message', box: name, hour: hour * HOUR_MS, text, reply }, line);
  }
  if (inbox.forgotten > 0) {
    const many = inbox.forgotten === 1 ? 'one message' : `${inbox.forgotten} messages`;
    complain(command, `of ${many} only parts have come, which were given up: their writers may put them in again`);
    tell(options, { kind: 'box forgotten', box: name, messages: inbox.forgotten }, '');
  }
  await writeBox(folder, name, { ...state, inbox: { ...inbox, forgotten: 0 }, messages: [] }, 'replace');
}

function registerLeave(parent: Command): void {
  const command = subcommand(parent, 'leave', 'this device reads a box no more; others that read it do');
  withShared(withYes(withWay(command.argument('<name>', 'which one', named))), PATIENCE).action(
    (name: string, options: BoxOptions & Yes) =>
      onBox(command, name, options, async (owner, folder) => {
        await owner.leave();
        await show(command, options, owner, folder, name);
        await removeBox(folder, name);
        tell(options, { kind: 'box left', name }, `this device reads ${name} no more\n`);
      }),
  );
}

function registerClose(parent: Command): void {
  const command = subcommand(parent, 'close', 'a box and all that is in it go, for all devices');
  withShared(withYes(withWay(command.argument('<name>', 'which one', named))), PATIENCE).action(
    async (name: string, options: BoxOptions & Yes) => {
      if (!(await confirmed(command, options, `this deletes ${name} and everything in it, for good`))) return;
      await onBox(command, name, options, async (owner, folder) => {
        await owner.close();
        await removeBox(folder, name);
        tell(options, { kind: 'box closed', name }, `closed ${name}\n`);
      });
    },
  );
}

/** Does something with a box of this device's, asked in the way in which it was made unless the options say otherwise. */
async function onBox(
  command: Command,
  name: string,
  options: BoxOptions & Yes,
  course: (owner: BoxOwner, folder: string, around: AtWork) => Promise<void>,
): Promise<void> {
  const { folder } = await whoseOf(command, options.as);
  await telling(command, options, async () => {
    const { way, domain: at } = await readBox(folder, name);
    // Nobody forgets that again.
    const shows = `this shows your home and ${at} that ${name} is yours, which they do not know`;
    const isShown = way === 'anonymous' && options.direct === true;
    if (isShown && !(await confirmed(command, options, shows))) return;
    // Read once more in its turn: another command may have been at it.
    await asking(command, options, wayOf(command, options, way), async (around) =>
      course(ownerOf(around, folder, name, await readBox(folder, name)), folder, around),
    );
  });
}

const ownerOf = (around: Surroundings, folder: string, name: string, state: BoxState): BoxOwner =>
  new BoxOwner(around, state, async (next) => writeBox(folder, name, next, 'replace'));

const asked = ({ way }: BoxState): string => (way === 'direct' ? 'by way of your home, which knows it' : 'as nobody');

function domain(text: string): string {
  if (isDomain(text.toLowerCase())) return text.toLowerCase();
  throw new InvalidArgumentError('It takes a domain.');
}

function bits(text: string): number {
  const number = Number(text);
  if (/^[0-9]{1,2}$/.test(text) && number <= depositBits.most) return number;
  throw new InvalidArgumentError(`It takes 0 to ${depositBits.most}.`);
}
