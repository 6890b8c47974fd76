/** A drawer at home, in lines of text, read and changed: whichever device changed it meanwhile, nothing of that is undone. docs/spec/friends.md#drawers */
import { SessionError } from '../../client/session-errors.ts';
import { decodeText } from '../../psyc/bytes.ts';
import type { Talk, Told } from './talk.ts';

/** How often it is tried again when another device comes between. */
const TRIES = 5;

/** The one that the home reads; what is in the others only the person can read. */
const OPEN = 'rules';

/** The drawers of lines. */
export type DrawerName = 'rules' | 'aliases' | 'filters' | 'places' | 'boxes';

/** What is in it, and the version that says so. */
interface Lines {
  readonly lines: string[];
  readonly version: number;
}

/** null: it was refused, and that has been told. Throws SessionError `_session_foreign_drawer` where it is not the person's own. */
export async function readDrawer(home: Talk, name: DrawerName): Promise<Lines | null> {
  const told = await home.askHome('_request_retrieve', { _name: name });
  const last = told?.at(-1);
  if (last === undefined) return null;
  const version = Number(last.packet.text('_version') ?? 0);
  const text = version === 0 ? '' : name === OPEN ? openText(last) : sealedText(last, home.person, name);
  return { lines: text.split('\n').filter((line) => line !== ''), version };
}

/** Changes it, and gives the lines as they are then; null: it was refused, and that has been told. Throws as `readDrawer`. */
export async function changeDrawer(
  home: Talk,
  name: DrawerName,
  how: (lines: string[]) => string[],
): Promise<string[] | null> {
  for (let tries = 1; ; tries++) {
    const before = await readDrawer(home, name);
    if (before === null) return null;
    const lines = how(before.lines);
    const text = lines.map((line) => `${line}\n`).join('');
    const heading = { _name: name, _version: String(before.version) };
    const value =
      name === OPEN
        ? { entity: { ...heading, _value: text } }
        : { entity: heading, statement: { name: '_value', ...sealedAs(name), text, entity: {}, isSealed: true } };
    const excused = tries < TRIES ? ['_stale_version'] : [];
    const answer = await home.ask({ target: home.person, method: '_request_store', excused, ...value });
    if (answer === null) return null;
    if (typeof answer !== 'string') return lines;
  }
}

const sealedAs = (name: DrawerName) => ({ channel: `_drawer_${name}`, method: '_message_private' });

const openText = ({ packet }: Told): string => decodeText(packet.value('_value') ?? new Uint8Array(0));

function sealedText({ words }: Told, person: string, name: DrawerName): string {
  const said = words.get('_value');
  const isOwn = said?.word.kind === 'author' && said.author === person && said.isSealed;
  if (isOwn && said.address === `${person}#${sealedAs(name).channel}` && said.text !== null) return said.text;
  throw new SessionError(
    '_session_foreign_drawer',
    `what the server gives as ${name} was not put there by a device of yours`,
  );
}
