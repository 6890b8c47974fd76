/** `p3do localserve` as a newcomer runs it: three real servers that speak, and nothing left of them however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { birthOf } from '../../disk/process.ts';
import { run } from '../house/fixture.ts';
import { command } from '../server/served.ts';
import { needsLinux } from '../server/linux.ts';

/** Folders for temporary files, one a test: so that nobody else's towns are seen, nor anybody sees ours. */
const made: string[] = [];
/** Runs, which end with their test. */
const runs: Local[] = [];
afterEach(async () => {
  for (const { child, over } of runs.splice(0)) {
    child.kill();
    await over;
  }
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'p3l'));
  made.push(folder);
  await run('chmod', ['711', folder]);
  return folder;
}

/** Processes whose arguments name a folder; zombies have none. */
function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/p3do-town-`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function untilNobody(folder: string): Promise<void> {
  while (processesIn(folder).length > 0) await turn();
}

/** One run of the command, heard line by line. */
class Local {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly over: Promise<number | null>;
  complaints = '';
  #hear: () => void = () => {};

  constructor(TMPDIR: string, args: string[] = [], stdin: 'pipe' | 'ignore' = 'pipe') {
    this.child = spawn(process.execPath, [command, 'localserve', ...args], {
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR },
    });
    this.child.stderr!.on('data', (chunk: Buffer) => void (this.complaints += chunk.toString()));
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.#hear();
    });
    runs.push(this);
    this.over = once(this.child, 'close').then(([code]: (number | null)[]) => code ?? null);
  }

  /** The first line for which it holds; rejects when the run is over without one. */
  async line(holds: (line: string) => boolean): Promise<string> {
    let isOver = false;
    void this.over.then(() => {
      isOver = true;
      this.#hear();
    });
    for (let at = 0; ; at++) {
      while (at >= this.lines.length) {
        if (isOver) throw new Error(`over: ${this.lines.join('\n')}${this.complaints}`);
        await new Promise<void>((hear) => (this.#hear = hear));
      }
      if (holds(this.lines[at]!)) return this.lines[at]!;
    }
  }

  type(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }
}

/** What is left of it: entries of its place, and processes. */
const leftIn = (folder: string): { folders: string[]; processes: number[] } => ({
  folders: readdirSync(folder),
  processes: processesIn(folder),
});
const nothing = { folders: [], processes: [] };

needsLinux('p3do localserve', () => {
  test('people of three domains speak, scripted ones answer, and wrong lines are told', async () => {
    const folder = await place();
    const typed = [
      'hello Bob',
      '/msg ada what about my key?',
      '/dance',
      '/msg zoe hi',
      '/who',
      '/enter @garden',
      '/history',
      '/who @square',
      '/leave',
    ];
    const local = new Local(folder);
    for (const line of typed) local.type(line);
    local.child.stdin!.end();
    expect(await local.over).toBe(0);
    expect(local.complaints).toBe('');
    const said = local.lines
      .join('\n')
      .replace(/^\d\d:\d\d /gm, 'hh:mm ')
      .replace(/(?:[0-9A-F]{4} ){4}…/g, 'KEY');
    const expected = [
      'hh:mm ada@red.localhost: Bob, can you hear me? I am at red, and this place is at blue.\n      signed by Ada (key KEY), checked here\n',
      'hh:mm bob@green.localhost to ada@red.localhost alone: And this is for you alone, Ada.\n',
      'hh:mm ada@red.localhost to you alone: Hello! This is for you alone.',
      'hh:mm guest@blue.localhost: hello Bob\nhh:mm bob@green.localhost: Hello, guest.',
      'hh:mm ada@red.localhost to you alone: What you say is signed by the key KEY.',
      '      /dance: there is no such command; /help has all\n',
      '      who is zoe? It takes nick@domain, as ada@red.localhost\n',
      '      in @square@blue.localhost: guest@blue.localhost, ada@red.localhost, bob@green.localhost\n',
      '      guest@blue.localhost entered @garden@blue.localhost (according to blue.localhost)\n',
      '      made @garden@blue.localhost: you are its owner\n',
      '      left @garden@blue.localhost\n',
      '\nall gone.',
    ];
    for (const text of expected) expect(said).toContain(text);
    expect(leftIn(folder)).toEqual(nothing);
  });

  test('ordinary commands take part from another terminal, a server is killed and comes back', async () => {
    const folder = await place();
    const local = new Local(folder);
    local.type('/elsewhere');
    await local.line((line) => line.includes('p3do listen'));
    const at = local.lines.findIndex((line) => line.startsWith('In another terminal'));
    const script = local.lines
      .slice(at + 1, at + 5)
      .join('\n')
      .replaceAll(/(?:npx )?p3do (?=register|enter|say)/g, `node ${command} `);
    const { status, stdout } = await run('bash', ['-ec', script]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'registered zoe@green.localhost\nentered @square@blue.localhost, 4 members\nstored at blue.localhost\n',
    });
    await local.line((line) => line.endsWith(' zoe@green.localhost: hello'));
    const zoe = async (line: string): Promise<void> => {
      const as = `${script.split('\n')[0]}; node ${command} ${line} --as zoe@green.localhost`;
      expect(await run('bash', ['-ec', as])).toMatchObject({ status: 0 });
    };
    await zoe('enter @den@green.localhost');
    local.type('/enter @den@green.localhost');
    await local.line((line) => line === '      entered @den@green.localhost, 2 members');
    local.type('/who');
    await local.line((line) => line.includes('in @den@green.localhost: zoe@green.localhost, guest@blue.localhost'));
    await zoe('place kick @den@green.localhost guest@blue.localhost');
    await local.line((line) => line.endsWith(' zoe@green.localhost kicked guest@blue.localhost'));
    await local.line((line) => line.startsWith('      you are not in @den@green.localhost any more'));
    local.type('/say @den@green.localhost hi');
    await local.line((line) => line.includes('only members may: /enter comes first'));
    local.type('hello');
    await local.line((line) => line.includes('you are in no place'));
    local.type('/msg bob hi');
    await local.line((line) => line.includes(' bob@green.localhost to you alone: Hello, guest.'));
    for (const line of ['/kill green', '/kill green', '/start green', '/msg bob what is my key?']) local.type(line);
    await local.line((line) => line.includes('green.localhost does not run: /start green.localhost'));
    await local.line((line) => line.includes(' bob@green.localhost to you alone: What you say is signed'));
    local.type('/quit');
    expect(await local.over).toBe(0);
    expect(leftIn(folder)).toEqual(nothing);
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s leaves nothing behind, said twice', async (signal) => {
    const folder = await place();
    const local = new Local(folder, ['--bare'], 'ignore');
    await local.line((line) => line.startsWith('ready;'));
    expect(processesIn(folder).length).toBeGreaterThanOrEqual(6);
    local.child.kill(signal);
    await local.line((line) => line.startsWith('ending'));
    local.child.kill(signal);
    expect(await local.over).toBe(0);
    expect(local.lines.at(-1)).toBe('all gone.');
    expect(leftIn(folder)).toEqual(nothing);
  });

  test.each([
    ['before the first server stands', (line: string): boolean => line.startsWith('Three domains')],
    ['while they speak', (line: string): boolean => line.includes(' Loud and clear')],
  ])('Ctrl-C %s', async (_, holds) => {
    const folder = await place();
    const local = new Local(folder);
    await local.line(holds);
    local.child.kill('SIGINT');
    expect(await local.over).toBe(0);
    expect(local.complaints).toBe('');
    // Whoever was about to speak is broken off, and complains to nobody.
    const ending = local.lines.findIndex((line) => line.startsWith('ending:'));
    expect(local.lines.slice(ending + 1)).toEqual(['all gone.']);
    expect(leftIn(folder)).toEqual(nothing);
  });

  test('a reader that has seen enough', async () => {
    const folder = await place();
    const { status, stderr } = await run('bash', ['-c', `node ${command} localserve | head -1`], {
      env: { TMPDIR: folder },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(leftIn(folder)).toEqual(nothing);
  });

  test('killed, its servers end by themselves; its folder goes at the next start, and nothing that is not its own', async () => {
    const folder = await place();
    const local = new Local(folder, ['--bare', '--json'], 'ignore');
    const { home, domains } = JSON.parse(await local.line((line) => line.includes('"town"'))) as {
      home: string;
      domains: { pid: number }[];
    };
    local.child.kill('SIGKILL');
    // One server dies with it: its database is left alone.
    process.kill(domains[0]!.pid, 'SIGKILL');
    await local.over;
    const dead = `p3do-town-${local.child.pid}-1-`;
    const kept = [
      `p3do-town-${process.pid}-${birthOf(process.pid)}-abcdef`,
      `${dead}abcde`,
      `x${dead}abcdef`,
      'p3do-town-0-0-abcdef',
    ];
    for (const name of kept) await mkdir(join(folder, name));
    await writeFile(join(folder, `${dead}afile0`), '');
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, `${dead}alink0`));
    const again = new Local(folder, ['--bare'], 'ignore');
    await again.line((line) => line.startsWith(`removed what a killed p3do localserve had left: ${home}`));
    expect(existsSync(home)).toBe(false);
    again.child.kill('SIGTERM');
    expect(await again.over).toBe(0);
    await untilNobody(folder);
    const left = [...kept, `${dead}afile0`, `${dead}alink0`, 'elsewhere'].sort();
    expect(leftIn(folder)).toEqual({ folders: left, processes: [] });
    expect((await lstat(join(folder, `${dead}alink0`))).isSymbolicLink()).toBe(true);
  });

  test('a place that is not there is told, with exit code 1', async () => {
    const { status, stdout, stderr } = await run('node', [command, 'localserve', '--json'], {
      env: { TMPDIR: '/nonexistent' },
    });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'p3do: /nonexistent: there is no such file or folder (ENOENT)\n',
    });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'failed', code: '_system_enoent' });
  });
});
