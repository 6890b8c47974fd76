/** `p3do presence`: how it is with friends; or, to tell them, with oneself. docs/spec/friends.md#presence */
import { type Command, InvalidArgumentError } from 'commander';
import { presenceIn } from '../client/session/presences.ts';
import { type Shared, tell, withShared } from './person/conversation.ts';
import { availabilities, presenceLine } from './person/presence.ts';
import { type Talk, talk } from './person/talk.ts';

interface Options extends Shared {
  readonly mood?: string;
}

/** Adds the arguments, the page and the action of `p3do presence`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('[availability]', `${availabilities.join(', ')}; without it, friends are shown`, availability)
      .argument('[text...]', 'a few words with it, for friends')
      .option('--mood <degree>', '1, the worst, to 9', mood),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
Friends see it, and nobody else. It is signed by this device, holds for this device until it says otherwise, and
counts while p3do listen runs here; of several devices the most available counts. Who has said nothing is here
while he listens. Invisible on one device is invisible on all. Friends' servers learn it as well.

Examples:
  $ p3do presence
  $ p3do presence away Back at two
  $ p3do presence here --mood 8`,
    )
    .action((degree: number | undefined, words: string[], options: Options) => {
      if (degree === undefined && options.mood !== undefined) command.error('--mood goes with an availability');
      return talk(command, options, (home) =>
        degree === undefined ? show(home, options) : announce(home, options, degree, words.join(' ')),
      );
    });
}

async function show(home: Talk, options: Options): Promise<void> {
  for (const { packet, words } of (await home.askHome('_request_presences')) ?? []) {
    const said = words.get('_packet');
    if (packet.method !== '_status_presence' || said === undefined || said.packet === null) continue;
    const person = packet.text('_uniform') ?? '';
    const isHis = said.author === '' || said.author === person;
    const word = isHis ? said.word : ({ kind: 'bad', code: '_publication_foreign_source' } as const);
    const presence = { kind: 'presence', person, word, ...presenceIn(said.packet) } as const;
    tell(options, presence, `${presenceLine(presence)}\n`);
  }
}

async function announce(home: Talk, options: Options, degree: number, text: string): Promise<void> {
  const entity = {
    _degree_availability: String(degree),
    ...(options.mood === undefined ? {} : { _degree_mood: options.mood }),
    ...(text === '' ? {} : { _description_presence: text }),
  };
  const statement = {
    name: '_packet',
    channel: '_presence',
    method: '_notice_presence',
    entity,
    text: '',
    isSealed: false,
  };
  const answer = await home.ask({ target: home.person, method: '_request_announce', statement });
  if (answer === null) return;
  const said = availabilities[degree - 1]!;
  tell(
    options,
    { kind: 'announced', availability: degree, mood: options.mood, description: text },
    `friends see: ${said}\n`,
  );
}

function availability(text: string): number {
  const at = availabilities.indexOf(text as (typeof availabilities)[number]);
  if (at === -1) throw new InvalidArgumentError(`It takes ${availabilities.join(', ')}.`);
  return at + 1;
}

function mood(text: string): string {
  if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError('It takes 1 to 9.');
  return text;
}
