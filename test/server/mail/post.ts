/** A post office for tests: a relay that hands each mail to maildrop, which puts it into a Maildir, and swaks that brings mail. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import type { Undoing } from '../../undoing.ts';

/** What the relay says to the next mail; 250: it takes it. */
export interface Post {
  readonly port: number;
  readonly maildir: string;
  answers: number;
  /** Mails that have been taken. */
  count(): Promise<number>;
}

/** One that ends with the test. */
export async function postOffice(undoing: Undoing): Promise<Post> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-post-'));
  undoing.add(() => rm(folder, { recursive: true }));
  const maildir = join(folder, 'Maildir');
  await run('maildirmake', [maildir]);
  await writeFile(join(folder, 'filter'), `to "${maildir}"\n`, { mode: 0o600 });
  const post: Post & { port: number } = {
    port: 0,
    maildir,
    answers: 250,
    count: async () => (await readdir(join(maildir, 'new'))).length,
  };
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    disableReverseLookup: true,
    onData(stream, _, reply) {
      if (post.answers !== 250) {
        stream.resume();
        stream.once('end', () => reply(Object.assign(new Error('not today'), { responseCode: post.answers })));
        return;
      }
      const maildrop = spawn('maildrop', [join(folder, 'filter')], { stdio: ['pipe', 'inherit', 'inherit'] });
      stream.pipe(maildrop.stdin);
      maildrop.once('close', (code) => reply(code === 0 ? null : new Error('maildrop')));
    },
  });
  const server = smtp.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undoing.add(() => new Promise<void>((done) => smtp.close(() => done())));
  post.port = (server.address() as AddressInfo).port;
  return post;
}

/** Output of a program as bytes; rejects where it fails. */
export const run = (program: string, args: readonly string[]): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'buffer', timeout: 60_000 }, (error, out) => {
      if (error === null) resolve(out);
      else reject(error);
    });
  });

/** What a server has said to a mail. */
export interface Brought {
  readonly code: number;
  readonly text: string;
  /** Numbers of all that it has said. */
  readonly codes: readonly string[];
}

/** Brings a mail with swaks; gives the last thing that the server said to it. */
export async function bring(
  port: number,
  to: string,
  data: Buffer | string,
  more: readonly string[] = [],
): Promise<Brought> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-swaks-'));
  try {
    const file = join(folder, 'mail');
    await writeFile(file, data);
    const args = ['--server', `127.0.0.1:${port}`, '--from', 'bob@mail.example', '--to', to, '--data', `@${file}`];
    const said = await new Promise<string>((resolve) => {
      execFile('swaks', [...args, '--timeout', '30', ...more], { timeout: 60_000, maxBuffer: 8e6 }, (_, out, errors) =>
        resolve(out + errors),
      );
    });
    // Lines from the server begin with `<-` or `<**`, over TLS with `<~`; its word for QUIT is not the last one.
    const lines = said.split('\n').flatMap((line) => /^<(?:-|~|\*\*|~\*)\s+(\d{3}) (.*)$/.exec(line) ?? []);
    const words = Array.from(
      { length: lines.length / 3 },
      (_, at) => [lines[3 * at + 1]!, lines[3 * at + 2]!] as const,
    );
    const [code, text] = words.findLast(([number, what]) => number !== '221' && !what.startsWith('2.0.0 Bye')) ?? [
      '0',
      said,
    ];
    return { code: Number(code), text, codes: words.map(([number]) => number) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
