/** `p3do profile`: what people show of themselves, to everybody or to friends. docs/spec/friends.md#profile */
import { type Command, InvalidArgumentError } from 'commander';
import type { Said } from '../client/session/events.ts';
import { fail, type Shared, tell, withShared } from './person/conversation.ts';
import { safeLine } from './person/safe.ts';
import { nameOf } from './person/show.ts';
import { type Talk, talk } from './person/talk.ts';
import { person as personArgument } from './person/target.ts';

/** Who may see a field; each has a drawer of his own at home, and a name in the answer. */
const shelves = [
  { whom: 'everybody', drawer: 'profile', variable: '_packet' },
  { whom: 'friends', drawer: 'profile_friends', variable: '_packet_friends' },
] as const;
type Shelf = (typeof shelves)[number];

const METHOD = '_status_description';
/** Before the name of each field. */
const PREFIX = '_field_';
/** How often it is tried again when another device comes between. */
const TRIES = 5;

type Fields = ReadonlyMap<string, string>;

/** Adds the subcommands of `p3do profile`. */
export function register(command: Command): void {
  const show = command.command('show').description('show somebody’s profile, or your own');
  shared(
    show.argument('[who]', 'nick@domain; without it, you', personArgument),
    'p3do profile show bob@b.example',
  ).action((who: string | undefined, options: Shared) =>
    talk(show, options, (home) => showProfile(show, home, options, who)),
  );
  const set = command.command('set').description('show something of yourself');
  shared(
    set
      .argument('<field>', 'a name of small letters, digits and _: name, about, page, …', field)
      .argument('<text...>', 'what it says')
      .option('--friends', 'to friends only'),
    'p3do profile set name Ada Lovelace',
  ).action((name: string, words: string[], options: Shared & { readonly friends?: true }) =>
    talk(set, options, async (home) => {
      const meant = shelves[options.friends === true ? 1 : 0];
      for (const shelf of shelves) {
        const isMeant = shelf === meant;
        const change = (fields: Fields): Fields => changed(fields, name, isMeant ? words.join(' ') : null);
        if (!(await changeShelf(home, shelf, change))) return;
      }
      const shown = { kind: 'profile set', field: name, text: words.join(' '), whom: meant.whom };
      tell(options, shown, `${name} is shown to ${meant.whom}\n`);
    }),
  );
  const unset = command.command('unset').description('show it no more');
  shared(unset.argument('<field>', 'its name', field), 'p3do profile unset page').action(
    (name: string, options: Shared) =>
      talk(unset, options, async (home) => {
        for (const shelf of shelves) {
          if (!(await changeShelf(home, shelf, (fields) => changed(fields, name, null)))) return;
        }
        tell(options, { kind: 'profile unset', field: name }, `${name} is shown no more\n`);
      }),
  );
  command.addHelpText(
    'after',
    '\nExamples:\n  $ p3do profile set name Ada Lovelace\n  $ p3do profile show bob@b.example',
  );
}

const shared = (command: Command, example: string): Command =>
  withShared(command.showHelpAfterError('See: p3do help profile'), 'how long to wait for the answer (60)').addHelpText(
    'after',
    `\nIt is signed by a device of its person; whoever reads it checks that.\n\nExample:\n  $ ${example}`,
  );

function field(text: string): string {
  if (/^[a-z][a-z0-9_]{0,31}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes small letters, digits and _, 32 at most.');
}

function changed(fields: Fields, name: string, text: string | null): Fields {
  const all = new Map(fields);
  if (text === null) all.delete(name);
  else all.set(name, text);
  return all;
}

async function showProfile(command: Command, home: Talk, options: Shared, who: string | undefined): Promise<void> {
  const person = who ?? home.person;
  const told = await home.ask({ target: person, method: '_request_description' });
  if (told === null || typeof told === 'string') return;
  let isEmpty = true;
  for (const shelf of shelves) {
    const said = told.at(-1)?.words.get(shelf.variable);
    if (said === undefined) continue;
    const fields = fieldsIn(said, person, shelf);
    if (fields === null) {
      fail(
        command,
        options,
        '_foreign_profile',
        `what the server gives as the profile of ${nameOf(person)} is not signed by him`,
      );
      return;
    }
    for (const [name, text] of fields) {
      isEmpty = false;
      const note = shelf.whom === 'friends' ? ' (for friends)' : '';
      tell(
        options,
        { kind: 'profile', who: person, field: name, text, whom: shelf.whom },
        `${name}: ${safeLine(text)}${note}\n`,
      );
    }
  }
  if (isEmpty && !options.json) process.stderr.write(`p3do profile: ${nameOf(person)} shows nothing\n`);
}

/** The fields in what somebody has signed; null: it is not his, or for another drawer. */
function fieldsIn(said: Said, person: string, { drawer }: Shelf): Fields | null {
  const { word, author, address, method, packet } = said;
  const isHis = word.kind === 'author' && author === person && address === `${person}#_${drawer}` && method === METHOD;
  if (!isHis || packet === null) return null;
  const fields = new Map<string, string>();
  for (let index = packet.routingCount; index < packet.modifierCount; index++) {
    const name = packet.nameOf(index);
    if (name.startsWith(PREFIX)) fields.set(name.slice(PREFIX.length), packet.text(name) ?? '');
  }
  return fields;
}

/** Changes what is on a shelf; false: it was refused, and that has been told. */
async function changeShelf(home: Talk, shelf: Shelf, how: (fields: Fields) => Fields): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const last = (await home.askHome('_request_retrieve', { _name: shelf.drawer }))?.at(-1);
    if (last === undefined) return false;
    const said = last.words.get('_value');
    const before = (said === undefined ? null : fieldsIn(said, home.person, shelf)) ?? new Map<string, string>();
    const after = how(before);
    if (sameFields(before, after)) return true;
    const entity = Object.fromEntries([...after].map(([name, text]) => [`${PREFIX}${name}`, text]));
    const statement = {
      name: '_value',
      channel: `_${shelf.drawer}`,
      method: METHOD,
      entity,
      text: '',
      isSealed: false,
    };
    const heading = { _name: shelf.drawer, _version: last.packet.text('_version') ?? '0' };
    const excused = tries < TRIES ? ['_stale_version'] : [];
    const answer = await home.ask({
      target: home.person,
      method: '_request_store',
      entity: heading,
      statement,
      excused,
    });
    if (answer === null) return false;
    if (typeof answer !== 'string') return true;
  }
}

const sameFields = (a: Fields, b: Fields): boolean =>
  a.size === b.size && [...a].every(([name, text]) => b.get(name) === text);
