/** `p3do localserve`: three domains on this machine, two people who speak, and a prompt for whoever is new. docs/operating.md#playground */
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { renderEndpoint } from '../server/config/address.ts';
import { Town } from '../server/town/town.ts';
import { Circle } from './playground/circle.ts';
import { Ending } from './playground/ending.ts';
import { inOrder, tidied } from './playground/closing.ts';
import { eventShort, heardShort } from './playground/heard.ts';
import { Play } from './playground/play.ts';
import { Resident } from './playground/resident.ts';
import { shortKey } from './playground/replies.ts';
import { Screen } from './playground/screen.ts';
import { talk } from './playground/talk.ts';
import { OnionsScene } from './playground/onions-scene.ts';
import { playScene } from './playground/stage.ts';
import { TrustScene } from './playground/trust-scene.ts';
import { address } from './person/target.ts';
import { nameOf } from './person/show.ts';

const RED = 'red.localhost';
const GREEN = 'green.localhost';
const BLUE = 'blue.localhost';
const DOMAINS = [RED, GREEN, BLUE];
const PLACE = `psyc://${BLUE}/@square`;

/** The p3do command, for Node. */
const COMMAND = fileURLToPath(new URL('./main.js', import.meta.url));

/** Between two lines of the scripted conversation: long enough to read one. */
const BETWEEN_MS = 1_100;

/** By name. */
const scenes = { onions: OnionsScene, trust: TrustScene };

interface Options {
  readonly nick: string;
  readonly bare?: true;
  readonly fast?: true;
  readonly scene?: keyof typeof scenes;
  readonly json?: true;
}

/** Adds the options, the page and the action of `p3do localserve`. */
export function register(command: Command): void {
  command
    .option('--nick <nick>', 'your name, at blue.localhost', nick, 'guest')
    .option('--fast', 'without pauses in the conversation, as where nobody looks on')
    .addOption(new Option('--scene <name>', 'a scene that plays by itself, and ends').choices(Object.keys(scenes)))
    .option('--bare', 'the three servers alone, until Ctrl-C or SIGTERM')
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
Starts red.localhost, green.localhost and blue.localhost on free ports of 127.0.0.1: each a process that
runs p3do serve, with keys and a PostgreSQL of its own, in one folder for all. Ada (red) and Bob (green) meet
in a place at blue; you join them. Everything is real: keys, TLS, signatures, storage; nobody but this machine
can reach it. At its end (Ctrl-C, /quit, SIGTERM, a closed terminal) processes and folder are gone. What a
killed one left behind is removed at the next start.

--scene onions starts five domains: something that nobody has said goes over three of them, and its way is drawn;
a key is asked for, and its answer comes back over a ticket; one of them is killed, and it all goes another way.

--scene trust shows what keys are for, in real commands: three domains that only the DNS has told of each other;
one changes its key; the DNS of one is taken over; its server is killed, and its person speaks on.

Without a terminal it reads lines from standard input, and ends behind the last one. /elsewhere says how
to take part with ordinary commands from another terminal.

Examples:
  $ p3do localserve
  $ p3do localserve --scene onions
  $ printf 'hello Bob\\n/msg ada hello\\n' | p3do localserve`,
    )
    .action((options: Options) => localserve(options));
}

async function localserve(options: Options): Promise<void> {
  const screen = new Screen(options.json === true);
  const ending = new Ending(() => screen.sayLast('already ending; a moment …'));
  if (options.scene !== undefined) {
    const betweenMs = options.fast || options.json ? 0 : BETWEEN_MS;
    await playScene({ screen, ending, command: COMMAND, betweenMs }, scenes[options.scene]);
    return;
  }
  let circle: Circle | null = null;
  const town = new Town({
    domains: DOMAINS,
    command: COMMAND,
    ready: (domain) => (circle === null ? ready(town, screen, domain) : undefined),
    // While it starts, that is an error.
    ended: (domain, how) =>
      circle === null ? undefined : screen.say(`      the server of ${domain} has ended (${how}): /start ${domain}`),
  });
  const residents: Resident[] = [];
  const playing = (async () => {
    await tidied(screen);
    screen.say('Three domains on this machine, each with its own server, keys and database:\n');
    const starting = town.start();
    await starting;
    if (options.bare) {
      told(town, screen, null);
      await ending.begun;
      return;
    }
    circle = await settled(town, residents, options.nick, screen);
    await played(town, circle, screen, ending, options);
  })();
  try {
    await Promise.race([playing, ending.begun]);
  } finally {
    // What is broken off complains to nobody.
    playing.catch(() => {});
    await inOrder([
      () => screen.close(),
      // Whoever interrupts from now on is told to wait.
      () => (ending.isBegun ? undefined : ending.begin()),
      () => screen.sayLast('\nending: three servers, three databases, one folder …'),
      () => Promise.all(residents.map((resident) => resident.leave())),
      () => circle?.leave(),
      () => town.close(),
      () => screen.sayLast('all gone.'),
    ]);
  }
  if (ending.error !== null) throw ending.error;
}

function ready(town: Town, screen: Screen, domain: string): void {
  const at = town.endpoints.get(domain);
  const key = town.fingerprints.get(domain);
  if (at !== undefined && key !== undefined) {
    screen.say(`  ${domain.padEnd(15)}  ${renderEndpoint(at)}  key ${shortKey(key)}`);
  }
}

/** All that programs have to know. */
function told(town: Town, screen: Screen, circle: Circle | null): void {
  const domains = [...town.endpoints].map(([domain, at]) => ({
    domain,
    at: renderEndpoint(at),
    fingerprint: town.fingerprints.get(domain),
    pid: town.pidOf(domain),
  }));
  const people = circle?.all.map(({ name }) => name) ?? [];
  screen.tell({ kind: 'town', home: town.home, domains, people, place: circle === null ? null : nameOf(PLACE) });
  if (circle === null) screen.say(`\nready; P3DO_HOME is ${town.home}; Ctrl-C ends it`);
}

/** The three people: keys, names, a place. */
async function settled(town: Town, residents: Resident[], guestNick: string, screen: Screen): Promise<Circle> {
  const names: [string, string][] = [
    ['ada', RED],
    ['bob', GREEN],
    [guestNick, BLUE],
  ];
  await Promise.all(
    names.map(async ([name, domain], at) => {
      residents[at] = await Resident.make(town.home, name, domain, town.endpoints.get(domain)!);
    }),
  );
  const [ada, bob, guest] = residents;
  const circle = new Circle(guest!, [ada!, bob!], PLACE);
  told(town, screen, circle);
  screen.say('\nThree people, each with keys that their servers do not have:\n');
  for (const resident of circle.all) {
    const you = resident === guest ? '  (you)' : '';
    screen.say(`  ${resident.name.padEnd(20)}  key ${shortKey(await resident.fingerprint())}${you}`);
  }
  return circle;
}

async function played(town: Town, circle: Circle, screen: Screen, ending: Ending, options: Options): Promise<void> {
  const play = new Play(town, circle, screen);
  const isShownByItself = (author: string): boolean => screen.isLive && author === circle.guest.person;
  /** Trying again for as long as the server is away is told once. */
  let isLost = false;
  await circle.listen((output) => {
    screen.tell(output);
    if (output.kind === 'lost' && isLost) return;
    if (output.kind === 'lost' || output.kind === 'ready') isLost = output.kind === 'lost';
    if (output.kind === 'heard') {
      screen.say(heardShort(output, play.here, 'you'), '        ');
      return;
    }
    const line = eventShort(output, play.here);
    if (line !== null && !(output.kind === 'member' && isShownByItself(output.member))) screen.say(line, '        ');
    play.take(output);
  });
  screen.say(`\nThey meet in ${nameOf(PLACE)}. A bare name means: signed, and checked.\n`);
  for (const resident of [circle.guest, ...circle.all.filter((one) => one !== circle.guest)]) {
    await resident.do({ kind: 'enter', place: PLACE });
  }
  await talk(circle, screen, screen.isLive && options.fast !== true ? BETWEEN_MS : 0);
  circle.isAnswering = true;
  if (screen.isLive) screen.note('\n/help has the commands, /elsewhere another terminal’s. Ctrl-C ends everything.\n');
  await play.run(ending.begin, ending.fail);
}

function nick(text: string): string {
  const { nick: name } = address(`${text}@${BLUE}`);
  if (['ada', 'bob'].includes(name)) throw new InvalidArgumentError('Ada and Bob are there already.');
  return name;
}
