/** Five real servers that pass onions around, two people, and what one of them does by hand over the library. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Asker } from '../../../round-trips/asker.ts';
import { Asking } from '../../../client/anonymous/asking.ts';
import type { StockSecret, StockWish } from '../../../round-trips/stock.ts';
import { readStock, writeStock } from '../../../client/anonymous/stock-file.ts';
import { Profile, type Whose } from '../../../client/profile/profile.ts';
import { pinsFor } from '../../../cli/person/stations.ts';
import { believedAt } from '../../../client/anonymous/servers.ts';
import { sessionOf } from '../../../cli/person/session.ts';
import { Talk } from '../../../cli/person/talk.ts';
import { askServer } from '../../../server/admin/channel.ts';
import { renderEndpoint } from '../../../server/config/address.ts';
import { suite } from '../../../server/suite.ts';
import { Town } from '../../../server/town/town.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import type { Undoing } from '../../undoing.ts';
import { environmentOf } from '../commands.ts';
import { command } from '../served.ts';

export const domains = ['red', 'green', 'blue', 'amber', 'violet'].map((name) => `${name}.localhost`);
export const RED = domains[0]!;
export const GREEN = domains[1]!;
export const KEYS = `psyc://${GREEN}/$keys`;
export const ADA = `ada@${RED}`;
export const BOB = `bob@${GREEN}`;

/** How a command ended, and what it said. */
interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly complaints: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly over: Promise<Ran>;
}

/** From `start` on; what undoes it is in `undoing`. */
export class AskedTown {
  readonly town: Town;

  private constructor(town: Town) {
    this.town = town;
  }

  /** Starts them (`unsafe`: without clocks), registers Ada at red and Bob at green, and waits until all are linked. */
  static async start(undoing: Undoing, unsafe = false): Promise<AskedTown> {
    const town = new Town({ domains, command, onions: () => {}, unsafe });
    undoing.add(() => town.close());
    await town.start();
    const asked = new AskedTown(town);
    for (const [who, domain] of [
      [ADA, RED],
      [BOB, GREEN],
    ] as const) {
      const { code, complaints } = await asked.p3do(
        'register',
        who,
        '--server',
        renderEndpoint(town.endpoints.get(domain)!),
      ).over;
      if (code !== 0) throw new Error(complaints);
    }
    await asked.linked(domains);
    return asked;
  }

  p3do(...args: readonly string[]): Running {
    const env = environmentOf(this.town.home);
    const child = spawn(process.execPath, [command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, complaints] = ['', ''];
    child.stdout.on('data', (part) => void (out += String(part)));
    child.stderr.on('data', (part) => void (complaints += String(part)));
    const over = new Promise<Ran>((resolve) => {
      child.once('close', (code) => resolve({ code, out, complaints }));
    });
    return { child, over };
  }

  /** Each of these has a link to each other. */
  async linked(all: readonly string[]): Promise<void> {
    for (const domain of all) {
      for (;;) {
        const answer = await askServer(this.town.folderOf(domain), { kind: 'mor' });
        const status = answer.kind === 'mor' ? answer.status : null;
        const counts = [status?.links, status?.contexts, status?.stations];
        if (counts.every((count) => count === all.length - 1)) break;
        await wait(200);
      }
    }
  }

  /** What a server has counted under a name. */
  async count(domain: string, name: string): Promise<number> {
    const answer = await askServer(this.town.folderOf(domain), { kind: 'mor' });
    const counts = answer.kind === 'mor' ? (answer.status?.counts ?? []) : [];
    return counts.find(([known]) => known === name)?.[1] ?? 0;
  }

  log(domain: string): Promise<string> {
    return readFile(join(this.town.folderOf(domain), 'log'), 'utf8');
  }

  whose(who: string): Whose {
    const [nick = '', domain = ''] = who.split('@');
    return { folder: join(this.town.home, 'people', who), nick, domain };
  }

  stock(who: string): Promise<StockSecret[]> {
    return readStock(this.whose(who).folder);
  }

  /** A session of somebody's in this process, and what asks in it as nobody. */
  async library(
    who: string,
    wish: StockWish,
    undoing: Undoing,
  ): Promise<{ readonly talk: Talk; readonly asking: Asking }> {
    const whose = this.whose(who);
    const profile = (await Profile.open(whose))!;
    const at: { talk: Talk | null } = { talk: null };
    const shell = sessionOf(profile, {
      channel: 'side',
      registration: null,
      output: (output) => at.talk?.take(output),
    });
    const talk = new Talk(`psyc://${whose.domain}/~${whose.nick}`, shell);
    at.talk = talk;
    const over = shell.run();
    const mor = `psyc://${whose.domain}/$mor`;
    const pins = await pinsFor(whose);
    const asking = new Asking({
      asker: new Asker({ suite, home: whose.domain, kept: await readStock(whose.folder), wish }),
      home: talk,
      mor,
      isAll: false,
      stations: () => believedAt(talk, { home: whose.domain, pins, isUnvouched: false }, Math.floor(Date.now() / 1000)),
      keep: (secrets) => writeStock(whose.folder, secrets),
      now: () => ({ monotoneMs: systemTimers.nowMs(), wallMs: Date.now() }),
      after: (delayMs, wake) => systemTimers.after(delayMs, wake),
    });
    undoing.add(async () => {
      await asking.stop();
      shell.stop();
      await over;
    });
    await asking.begin();
    return { talk, asking };
  }
}
