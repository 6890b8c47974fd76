/** `p3do export`: everything that a person has, in a folder that anybody can read and check. docs/spec/leaving.md#export */
import type { Command } from 'commander';
import { type Judgement, UNJUDGED, UNSIGNED, verifyExport } from '../client/export/check.ts';
import { ExportWriter } from '../client/export/writer.ts';
import type { Profile, Whose } from '../client/profile/profile.ts';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { suite } from '../server/suite.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { Gathering, identityFile } from './leaving/gather.ts';
import { explained } from './person/codes.ts';
import { complain, converse, fail, registered, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';

interface Options extends Shared {
  readonly verify?: true;
}

/** How often it is told how far it is. */
const PROGRESS_MS = 2_000;

/** Adds the argument, the options, the page and the action of `p3do export`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('<folder>', 'a folder that is not there yet')
      .option('--verify', 'check the export that is in the folder, instead; no server is asked'),
    'how long it may take (600)',
  )
    .addHelpText(
      'after',
      `
Messages as they came, signatures and all, with their text; the keys they are signed with; places, contacts
and pins; what the home keeps of the person; the identity key, under its passphrase as always. All of it is JSON,
a line for each thing; public-key.asc is for gpg. The folder is there as a whole or not at all, and nobody
else may read it. What is in it is readable: private messages too.

--verify needs nothing but the folder: files are as they were written, keys are certified and the pinned
ones, each message is signed by its author. What nobody signed is counted, and is some server's word.

Examples:
  $ p3do export ada-2026 --as ada@a.example
  $ p3do export ada-2026 --verify`,
    )
    .action(async (folder: string, options: Options) => {
      if (options.verify) await verify(command, folder, options);
      else await exported(command, folder, options);
    });
}

async function exported(command: Command, folder: string, options: Options): Promise<void> {
  const whose = await whoseOf(command, options.as);
  const identity = new Uint8Array(await readFile(identityFile(whose.folder)));
  const writer = await ExportWriter.begin(folder);
  let isWhole = false;
  try {
    const gathering = await gathered(command, whose, options, writer, identity);
    if (gathering === null) return;
    const { profile, one } = gathering;
    const person = `psyc://${whose.domain}/~${whose.nick}`;
    await writer.finish({ person, fingerprint: profile.device.identity, timeMs: Date.now() });
    isWhole = true;
    for (const { what, code } of one.omissions) complain(command, `left out: ${nameOf(what)}: ${explained(code)}`);
    for (const [domain, unmet] of one.changed) complain(command, changedKey(domain, unmet));
    const { messages, omissions } = one;
    const line = `exported ${messages} ${messages === 1 ? 'message' : 'messages'} of ${whose.nick}@${whose.domain} to ${folder}\n`;
    tell(options, { kind: 'exported', person, folder, messages, omissions }, line);
  } finally {
    if (!isWhole) await writer.drop();
  }
}

/** Said while something can still be done about it: the export is judged by what is pinned. */
function changedKey(domain: string, unmet: number): string {
  const what = `the key of ${domain} is another than the pinned one`;
  if (unmet === 0) return `${what}: of its people counts what is signed by the keys that are pinned for themselves`;
  const people = unmet === 1 ? '1 author' : `${unmet} authors`;
  return `${what}, and of ${people} there no key was pinned: their messages cannot be judged. Ask its admin for its fingerprint over another way, type p3do trust ${domain} FINGERPRINT, and export again`;
}

/** All of it written; null where it was broken off, which has been told. */
async function gathered(
  command: Command,
  whose: Whose,
  options: Options,
  writer: ExportWriter,
  identity: Uint8Array,
): Promise<{ readonly profile: Profile; readonly one: Gathering } | null> {
  let profile: Profile | null = null;
  let one: Gathering | null = null;
  let isDone = false;
  let failure: unknown = null;
  let cancel = (): void => {};
  const progress = (): void => {
    complain(command, `${one?.messages ?? 0} messages so far …`);
    cancel = systemTimers.after(PROGRESS_MS, progress);
  };
  await converse(command, whose, {
    ...options,
    timeout: options.timeout ?? 600,
    channel: 'side',
    late: () => 'nothing was exported: somebody has not answered',
    profile: async () => (profile = await registered(command, whose, options)),
    begin(shell) {
      const gathering = new Gathering(`psyc://${whose.domain}/~${whose.nick}`, profile!, writer, shell);
      one = gathering;
      cancel = systemTimers.after(PROGRESS_MS, progress);
      gathering.all(identity).then(
        () => {
          isDone = true;
          shell.stop();
        },
        (error: unknown) => {
          failure = error;
          shell.stop();
        },
      );
    },
    // What somebody does not give is left out, and told in the end.
    excusesRefusal: () => true,
    told(output) {
      one?.take(output);
      return false;
    },
  });
  cancel();
  (one as Gathering | null)?.over();
  if (failure !== null) throw failure as Error;
  return isDone ? { profile: profile!, one: one! } : null;
}

async function verify(command: Command, folder: string, options: Options): Promise<void> {
  if (!existsSync(folder)) {
    fail(command, options, '_input_invalid', `there is no folder ${folder} to verify (_input_invalid)`);
    return;
  }
  const judged = ({ at, author, code }: Judgement): void => {
    if (code === null || code === UNSIGNED) return;
    const what = code === UNJUDGED ? 'nobody can say whether it is of' : 'NOT';
    complain(command, `${at}: ${what} ${nameOf(author)}: ${explained(code)}`);
  };
  const { manifest, ...counts } = await verifyExport(folder, suite, judged);
  const { messages, signed, unsigned, unjudged, wrong, changed } = counts;
  for (const { domain, messages: old, fingerprint } of changed) {
    complain(
      command,
      `the key of ${domain} has changed since: ${many(old)} signed by the keys that were pinned for its people before, and theirs. Whether ${fingerprint} is its key now, ask its admin over another way (p3do help trust)`,
    );
  }
  const { person, timeMs } = manifest;
  const open = unjudged === 0 ? '' : `, ${unjudged} that cannot be judged`;
  const line = `${nameOf(person)}, ${new Date(timeMs).toISOString()}: ${messages} messages, ${signed} signed and checked, ${unsigned} by the word of a server${open}, ${wrong} wrong\n`;
  tell(options, { kind: 'verified', person, timeMs, ...counts }, line);
  if (wrong > 0)
    fail(
      command,
      options,
      '_export_wrong',
      `${many(wrong)} not by whom ${wrong === 1 ? 'it is' : 'they are'} said to be`,
    );
  else if (unjudged > 0) fail(command, options, '_export_unjudged', `${many(unjudged)} neither proved nor disproved`);
}

const many = (count: number): string => `${count} ${count === 1 ? 'message is' : 'messages are'}`;
