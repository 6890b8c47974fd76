/** The real command, as people of a test run it who share a folder. */
import { execFile } from 'node:child_process';
import type { Undoing } from '../undoing.ts';
import { command, freeEndpoint, Served, type ServedOptions } from './served.ts';

/** What a command says and complains of, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
}

/** Of the people who have this folder. */
export const environmentOf = (home: string): NodeJS.ProcessEnv => ({
  ...process.env,
  P3DO_HOME: home,
  P3DO_PASSPHRASE: 'a passphrase of these people',
});

/** What may be different about one command. */
interface Way {
  /** Its whole standard input; without, that stays open. */
  readonly input?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Runs a command of theirs to its end. */
export function p3doOf(home: string, args: readonly string[], { input, signal }: Way = {}): Promise<Outcome> {
  const options = { env: environmentOf(home), ...(signal && { signal }) };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [command, ...args], options, (error, out, complaints) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, complaints });
    });
    if (input !== undefined) child.stdin!.end(input);
  });
}

/** The same, which must succeed. */
export async function doneOf(home: string, args: readonly string[], way: Way = {}): Promise<Outcome> {
  const outcome = await p3doOf(home, args, way);
  if (outcome.code !== 0) throw new Error(`${args.join(' ')}: ${outcome.out}${outcome.complaints}`);
  return outcome;
}

/** Where a server is, as `--server` takes it. */
export const at = ({ endpoint: { host, port } }: Served): string => `${host}:${port}`;

/** Registers somebody by an invitation of the server's admin. */
export async function registered(home: string, nick: string, served: Served): Promise<void> {
  const { out } = await doneOf(home, ['invite', '--folder', served.folder, '--json']);
  const { invite } = JSON.parse(out) as { invite: string };
  await doneOf(home, ['register', `${nick}@${served.domain}`, '--server', at(served), '--invite', invite]);
}

/** Of a domain's key, as its admin is shown it. */
export async function fingerprintOf(home: string, { folder }: Served): Promise<string> {
  return (await doneOf(home, ['federate', 'self', '--folder', folder])).out.trim().split(' ')[2]!;
}

/** Domains that are each other's peers, in this order; `optionsOf` says what else there is to one, by its name and its peers'. All are started, and take circuits. */
export async function peersStarted(
  undoing: Undoing,
  names: readonly string[],
  optionsOf: (name: string, peers: readonly string[]) => ServedOptions,
): Promise<Served[]> {
  const ends = new Map(await Promise.all(names.map(async (name) => [name, await freeEndpoint()] as const)));
  const all = await Promise.all(
    names.map((name) => {
      const peers = new Map([...ends].filter(([other]) => other !== name));
      return Served.make(undoing, name, { ...optionsOf(name, [...peers.keys()]), endpoint: ends.get(name)!, peers });
    }),
  );
  for (const served of all) served.start();
  await Promise.all(all.map(({ ready }) => ready));
  return all;
}
