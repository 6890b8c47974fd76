/** `p3do attachment`: the file of a publication, saved once every piece of it is what its author has signed; or given to a server that has not all of it. docs/spec/attachments.md */
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { isChunk, readAttachment } from '../client/session/pending.ts';
import { feedOf } from '../client/session/words.ts';
import { suite } from '../server/suite.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { anyPublication, type Named, ownPublication } from './person/publication.ts';
import { safeLine } from './person/safe.ts';
import { type Talk, talk } from './person/talk.ts';
import { uploadOf, uploaded } from './person/upload.ts';
import { type Through, throughOption } from './person/ways.ts';

/** How often it is asked whether it has come. */
const ASK_MS = 500;

interface Saving extends Shared {
  readonly force?: true;
}

/** Adds the subcommands of `p3do attachment`. */
export function register(command: Command): void {
  const save = command.command('save').description('save the file that belongs to a publication');
  withShared(
    save
      .argument('<publication>', 'nick@domain/ID, the ID as p3do history shows it', anyPublication)
      .argument('[file]', 'where to; - is standard output; without it, its own name in this folder')
      .addOption(new Option('--force', 'over a file that is there')),
    'how long to wait for the answers, and for a file that has not come (60)',
  )
    .addHelpText(
      'after',
      `
Only who follows is given it. Each piece is held against what the author has signed before anything is
written. What the file is, and is called, is the author's word: look at it as at anything from a stranger.
One that is called like a hidden file is saved only where you say.

Examples:
  $ p3do attachment save ada@a.example/4ee1c0de
  $ p3do attachment save ada@a.example/4ee1c0de - | sha256sum`,
    )
    .action((named: Named, file: string | undefined, options: Saving) =>
      talk(
        save,
        options,
        (home) => saved(save, home, named, file, options),
        () => 'not all of it has come',
        {
          carried: { target: feedOf(named.author!) },
        },
      ),
    );
  const send = command.command('send').description('give the file of a publication of yours to a server');
  withShared(
    send
      .argument('<id>', 'which of your publications, as p3do history shows it', ownPublication)
      .argument('<file>', 'the file that was attached to it')
      .addOption(throughOption()),
    'how long to wait for the answers (60)',
  )
    .addHelpText(
      'after',
      `
For where p3do publish --attach was broken off: the server asks for what it has not.

Examples:
  $ p3do attachment send 4ee1c0de photo.jpg`,
    )
    .action(async (named: Named, file: string, options: Shared & Through) => {
      const { nick, domain } = await whoseOf(send, options.as);
      const target = feedOf(`psyc://${domain}/~${nick}`);
      const { through } = options;
      await talk(
        send,
        options,
        (home) => sent(send, home, named, file, target, options),
        () => 'not all of it was taken',
        {
          carried: { target },
          ...(through === undefined ? {} : { through }),
        },
      );
    });
}

async function saved(
  command: Command,
  home: Talk,
  named: Named,
  path: string | undefined,
  options: Saving,
): Promise<void> {
  const target = feedOf(named.author!);
  const found = await home.find(target, named);
  const heard = found?.heard;
  const attachment = heard?.packet === undefined ? null : readAttachment(heard.packet);
  if (heard === undefined || attachment === null || heard.word.kind !== 'author') {
    fail(
      command,
      options,
      '_unknown_publication',
      `${named.id}: no publication of that id with a file, signed by its author`,
    );
    return;
  }
  const chunks: Uint8Array[] = [];
  while (chunks.length < attachment.digests.length) {
    const entity = { _publication: heard.publication!, _index: String(chunks.length) };
    const excused = ['_attachment_incomplete'];
    const answer = await home.ask({ target, method: '_request_attachment', entity, excused });
    if (answer === null) return;
    if (typeof answer === 'string') {
      if (chunks.length === 0) complain(command, 'your server has not all of it yet; waiting');
      await new Promise((go) => systemTimers.after(ASK_MS, () => go(null)));
      continue;
    }
    const chunk = new Uint8Array(answer.at(-1)?.packet.value('_chunk') ?? []);
    if (!isChunk(suite, attachment, chunks.length, chunk)) {
      fail(
        command,
        options,
        '_attachment_invalid_chunk',
        'your server gave something else than the author has signed: nothing was saved',
      );
      return;
    }
    chunks.push(chunk);
  }
  const file = Buffer.concat(chunks);
  if (path === '-') {
    process.stdout.write(file);
    return;
  }
  const name = path ?? attachment.name;
  // Programs read such files without being told to.
  if (path === undefined && name.startsWith('.')) {
    fail(command, options, '_file_failed', `its author calls it ${safeLine(name)}: say yourself where to save it`);
    return;
  }
  try {
    await writeFile(name, file, { flag: options.force === true ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    fail(command, options, '_file_failed', `${safeLine(name)} is there already: name another file, or use --force`);
    return;
  }
  tell(
    options,
    { kind: 'saved', file: name, bytes: file.length, type: attachment.type },
    `saved as ${safeLine(name)}, ${file.length} bytes\n`,
  );
}

async function sent(
  command: Command,
  home: Talk,
  named: Named,
  path: string,
  target: string,
  options: Shared,
): Promise<void> {
  const upload = await uploadOf(path);
  if (typeof upload === 'string') {
    fail(command, options, '_input_invalid', upload);
    return;
  }
  const found = await home.find(target, named);
  const { publication, packet } = found?.heard ?? {};
  const attachment = packet === undefined ? null : readAttachment(packet);
  const isSame =
    attachment !== null &&
    attachment.bytes === upload.attachment.bytes &&
    attachment.digests.every((digest, at) => Buffer.compare(digest, upload.attachment.digests[at]!) === 0);
  if (publication === undefined || !isSame) {
    fail(command, options, '_unknown_publication', `${named.id}: no publication of yours with this file`);
    return;
  }
  if (await uploaded(home, target, publication, upload))
    tell(
      options,
      { kind: 'attached', publication, bytes: upload.file.length },
      `attached, ${upload.file.length} bytes\n`,
    );
}
