/** `p3do publish`: something for everybody who follows this person, and how many servers keep it. docs/spec/feeds.md#publishing */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { bytesOfHex, hexOf } from '../crypto/bytes.ts';
import type { Profile } from '../client/profile/profile.ts';
import type { Heard } from '../client/session/events.ts';
import { contentOf } from '../client/session/carried.ts';
import type { Pending } from '../client/session/kept.ts';
import { type Attachment, attachmentIn, lineIn, referenceOf, textOf, type Wanted } from '../client/session/pending.ts';
import type { SessionShell } from '../client/session/shell.ts';
import { feedOf } from '../client/session/words.ts';
import {
  type Shared,
  complain,
  converse,
  fail,
  registered,
  tell,
  unanswered,
  whoseOf,
  withShared,
} from './person/conversation.ts';
import { lineOf } from './person/lines.ts';
import {
  anyPublication,
  Finder,
  type Found,
  isWhole,
  type Named,
  ownPublication,
  shortId,
} from './person/publication.ts';
import { reached } from './person/reach.ts';
import { Talk } from './person/talk.ts';
import { count } from './person/target.ts';
import { textIn } from './person/text.ts';
import { uploaded, uploadOf } from './person/upload.ts';
import { type Through, throughOption } from './person/ways.ts';

interface Options extends Shared, Through {
  readonly reach?: number;
  readonly reply?: Named;
  readonly edit?: Named;
  readonly delete?: Named;
  readonly attach?: string;
}

/** The publication's number; what is asked has numbers of its own, from 1 on. */
const SAID = 0;
/** Of pages in which another publication is looked for, and of deletions before the last one. */
const LOOKED = -1;
const BESIDE = -2;

/** What is published. */
interface Words {
  readonly text: string;
  readonly about?: Wanted;
  readonly attachment?: Attachment;
}

/** Adds the arguments, the page and the action of `p3do publish`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('[text...]', 'what to publish; - reads it on standard input, less one line feed at its end')
      .option('--reply <publication>', 'it answers this one, nick@domain/ID', anyPublication)
      .option('--edit <id>', 'it stands instead of this one of yours', ownPublication)
      .option('--delete <id>', 'publish that this one of yours is deleted, without a text', ownPublication)
      .option('--attach <file>', 'a file of up to 1 MiB that belongs to it')
      .option('--reach <servers>', 'wait until so many servers keep it', count),
    'how long to wait for the answer (60)',
  )
    .addOption(throughOption())
    .addHelpText(
      'after',
      `
Publishes it in your name, signed by this device, for everybody who follows you (p3do follow), on whatever
server. It is public. It prints where it is stored once it is: then it is not lost any more. Where your own server does not answer,
another one takes it (p3do servers), passes it on to all others, and gives it to yours when that is back. Where no
answer comes in time the exit code is 1; what was published by then is published again by the next command, the very same.

p3do history nick@domain shows each publication with the first digits of its ID, which are enough to name it here; whose
publications you do not follow, of them all 64 are needed. What you edit and delete was read by others, and nobody can
make them forget it: honest servers drop the words of what you delete, and tell who comes later only that it is deleted.

Examples:
  $ p3do publish Good morning
  $ p3do publish --reply ada@a.example/4ee1c0de Good morning to you
  $ p3do publish --delete 9a8b7c6d
  $ p3do publish --attach photo.jpg Good morning
  $ p3do publish --through c.example --reach 2 - < article`,
    )
    .action(async (words: string[], options: Options) => {
      const isRead = words.length === 1 && words[0] === '-';
      const text = isRead ? textIn(await buffer(process.stdin)) : words.join(' ');
      if (text === null) {
        fail(command, options, '_input_invalid', 'standard input is not UTF-8');
        return;
      }
      const { reply, edit, delete: deleted } = options;
      if ([reply, edit, deleted].filter((named) => named !== undefined).length > 1)
        command.error('only one of --reply, --edit and --delete at a time');
      const upload = options.attach === undefined ? null : await uploadOf(options.attach);
      if (typeof upload === 'string') {
        fail(command, options, '_input_invalid', upload);
        return;
      }
      if (deleted !== undefined && upload !== null) command.error('what is deleted has no file');
      const file = upload === null ? {} : { attachment: upload.attachment };
      if (deleted !== undefined && words.length > 0) command.error('what is deleted has no text');
      if (deleted === undefined && text === '' && upload === null) command.error('there is nothing to publish');
      const named = reply ?? edit ?? deleted ?? null;
      const whose = await whoseOf(command, options.as);
      const person = `psyc://${whose.domain}/~${whose.nick}`;
      const to = feedOf(person);
      let reach: Talk | null = null;
      /** Where it is stored: its id in hexadecimal, if it is signed. */
      let stored: { readonly publication: string | null } | null = null;
      let finder: Finder | null = null;
      /** What was said; null: it has still to be found what it is about. */
      let said: Words | null = null;
      /** How many publications that an earlier server has not answered are said again, this one the last. */
      let left = 0;
      const say = (shell: SessionShell, { text: what, ...more }: Words, number: number): void =>
        shell.tell({ kind: 'command', command: { kind: 'say', command: number, target: to, text: what, ...more } });
      /** What remains to be done when it is stored. */
      const follow = async (shell: SessionShell, publication: string | null): Promise<void> => {
        const isWhole = upload === null || publication === null || (await uploaded(reach!, to, publication, upload));
        if (upload !== null && isWhole)
          tell(
            options,
            { kind: 'attached', publication, bytes: upload.file.length },
            `attached, ${upload.file.length} bytes\n`,
          );
        if (isWhole && options.reach !== undefined)
          await reached(reach!, { target: to, publication, wanted: options.reach }, options);
        shell.stop();
      };
      /** Whether there is something to be said of what was looked for. */
      const sayOf = (shell: SessionShell, found: Found | null): boolean => {
        const complaint = found === null ? 'there is no such publication' : faultOf(options, found);
        if (complaint !== null) {
          fail(command, options, '_unknown_publication', `${named!.id}: ${complaint}`);
          return false;
        }
        const { heard, edits } = found!;
        if (deleted !== undefined) {
          if (!options.json) complain(command, `deleting: ${lineOf(heard)!.trimEnd()}`);
          // They have its words, or some of them.
          for (const edit of edits) say(shell, { text: '', about: deletionOf(edit) }, BESIDE);
        }
        said = { ...wordsOf(options, found!, text), ...file };
        say(shell, said, SAID);
        return true;
      };
      await converse(command, whose, {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        carried: { target: to },
        late: (isSent) =>
          stored !== null
            ? upload === null
              ? 'it is stored; not as many servers have said that they keep it'
              : `it is stored; p3do attachment send ${shortId(stored.publication ?? '')} ${options.attach} gives what is missing of the file`
            : isSent
              ? unanswered(to, 'publishes it again')
              : 'not published: nobody has answered',
        profile: () => registered(command, whose, options),
        begin(shell, _, profile) {
          reach = new Talk(person, shell);
          if (stored !== null) {
            void follow(shell, stored.publication);
            return;
          }
          // What is kept for one server is said again to the next by itself, and must not be published twice.
          left = said === null ? 0 : waitingIn(profile, to, said);
          if (left > 0) return;
          if (said === null && named !== null && !(reply !== undefined && isWhole(reply))) {
            finder = new Finder(shell, feedOf(named.author ?? person), named, LOOKED);
            finder.begin();
            return;
          }
          said ??= { text, ...(reply === undefined ? {} : { about: replyTo(reply) }), ...file };
          say(shell, said, SAID);
        },
        excusesRefusal: (output) => reach?.owns(output) === true,
        told(output, shell) {
          reach?.take(output);
          const found = finder?.take(output);
          if (found !== undefined && !sayOf(shell, found)) return true;
          if (output.kind === 'sent' && output.command === SAID && !options.json) complain(command, 'sending');
          const isAgain = output.kind === 'stored before' && output.target === to && left > 0 && --left === 0;
          if (isAgain || (output.kind === 'stored' && output.command === SAID)) {
            tell(options, { ...output, kind: 'stored', command: SAID }, `stored at ${output.at}\n`);
            stored = output;
            if (options.reach === undefined && upload === null) return true;
            void follow(shell, output.publication);
          }
          return output.kind === 'refused' && (output.command === SAID || output.command === LOOKED);
        },
      });
    });
}

/** Why what was found is not what is wanted; null: it is. */
function faultOf({ reply, edit }: Options, { heard }: Found): string | null {
  if (heard.about?.kind === 'deletion') return 'it is a deletion';
  return heard.packet === undefined && reply === undefined && edit === undefined ? 'it did not come whole' : null;
}

const replyTo = ({ author, id }: Named): Wanted => ({ kind: 'reply', id: bytesOfHex(id)!, author: author! });

const deletionOf = ({ publication, packet }: Heard): Wanted => ({
  kind: 'deletion',
  id: bytesOfHex(publication!)!,
  line: lineIn(packet!)!,
});

/** What is published of what was found; who edits an edit edits what that stands for. */
function wordsOf({ edit, delete: deleted }: Options, { heard }: Found, text: string): Words {
  if (deleted !== undefined) return { text: '', about: deletionOf(heard) };
  const { about } = heard;
  const isOriginal = edit === undefined || about?.kind !== 'edit';
  const id = bytesOfHex(isOriginal ? heard.publication! : about.publication)!;
  if (edit !== undefined) return { text, about: { kind: 'edit', id } };
  return { text, about: { kind: 'reply', id, author: heard.author } };
}

/** How many publications are kept and not answered, where this is one of them. */
function waitingIn({ kept }: Profile, to: string, { text, about, attachment }: Words): number {
  const voices = [kept.speaking, ...kept.visits.values()];
  const pending = voices.flatMap((voice) => voice.pending).filter(({ target }) => target === to);
  const isThis = (one: Pending): boolean => {
    const reference = referenceOf(one);
    const isSame = hexOf(reference?.id ?? NOTHING) === hexOf(about?.id ?? NOTHING) && reference?.kind === about?.kind;
    const isSameFile = fileOf(attachmentIn(one)) === fileOf(attachment ?? null);
    return isSame && isSameFile && (about?.kind === 'deletion' || textOf(one) === text);
  };
  return pending.some(isThis) ? new Set(pending.map(contentOf)).size : 0;
}

const fileOf = (one: Attachment | null): string =>
  one === null ? '' : [one.name, one.type, ...one.digests.map(hexOf)].join(' ');

const NOTHING = new Uint8Array(0);
