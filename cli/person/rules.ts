/** A person's rules at home, read and changed: whichever device changed them meanwhile, nothing of that is undone. docs/spec/friends.md#rules */
import { decodeText } from '../../psyc/bytes.ts';
import type { Talk } from './talk.ts';

/** How often it is tried again when another device comes between. */
const TRIES = 5;

/** The lines as they are, and their version; null: it was refused, and that has been told. */
export async function readRules(home: Talk): Promise<{ readonly lines: string[]; readonly version: number } | null> {
  const told = await home.askHome('_request_retrieve', { _name: 'rules' });
  const packet = told?.at(-1)?.packet;
  if (packet === undefined) return null;
  const text = decodeText(packet.value('_value') ?? new Uint8Array(0));
  return { lines: text.split('\n').filter((line) => line !== ''), version: Number(packet.text('_version') ?? 0) };
}

/** Changes them, and gives them as they are then; null: it was refused, and that has been told. */
export async function changeRules(home: Talk, how: (lines: string[]) => string[]): Promise<string[] | null> {
  for (let tries = 1; ; tries++) {
    const before = await readRules(home);
    if (before === null) return null;
    const lines = how(before.lines);
    const entity = {
      _name: 'rules',
      _version: String(before.version),
      _value: lines.map((line) => `${line}\n`).join(''),
    };
    const excused = tries < TRIES ? ['_stale_version'] : [];
    const answer = await home.ask({ target: home.person, method: '_request_store', entity, excused });
    if (answer === null) return null;
    if (typeof answer !== 'string') return lines;
  }
}
