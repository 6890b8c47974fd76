/** The one builder: compiles the sources into dist/ with tsc, and knows without tsc whether dist/ is what the sources say. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const main = join(dist, 'cli', 'main.js');
const stamp = join(dist, '.built');
const lock = join(dist, '.building');
const lockAgeMsMax = 120_000;

/** What the person has to hear in one sentence, rather than with a stack. */
class BuildError extends Error {}

/** The folders the command is made of: cli and whatever its project references reach. */
function folders(folder = join(root, 'cli'), seen = new Set()) {
  if (seen.has(folder)) return seen;
  seen.add(folder);
  const { references = [] } = JSON.parse(fs.readFileSync(join(folder, 'tsconfig.json'), 'utf8'));
  for (const { path } of references) folders(join(folder, path), seen);
  return seen;
}

/**
 * A digest of every folder's sources of the command, and of what all of them share. Contents rather than times: a checkout, an unpacked
 * archive or a copied tree may bring other sources with older times. Reading a megabyte takes 6 ms, asking for its times takes 4.
 */
function fingerprints() {
  const digest = (paths) => {
    const hash = createHash('sha256');
    for (const path of paths) hash.update(relative(root, path)).update('\0').update(fs.readFileSync(path)).update('\0');
    return hash.digest('hex');
  };
  const shared = ['package.json', 'tsconfig.base.json', 'text-codec.d.ts'].map((name) => join(root, name));
  const prints = { '': digest(shared) };
  for (const folder of [...folders()].sort()) {
    const names = fs
      .readdirSync(folder, { recursive: true })
      .filter((name) => /(^|\/)[^./][^/]*\.ts$|tsconfig\.json$/.test(name));
    prints[relative(root, folder)] = digest(names.sort().map((name) => join(folder, name)));
  }
  return prints;
}

const infoOf = (folder) => join(dist, folder, 'tsconfig.tsbuildinfo');

/** When tsc last wrote to dist, so that a tsc run by hand on other sources is noticed too. */
function lastWrites() {
  const infos = [...folders()].map((folder) => infoOf(relative(root, folder)));
  return infos.map((info) => fs.statSync(info, { throwIfNoEntry: false })?.mtimeMs ?? 0).join(' ');
}

/** A package that was published with its dist carries no sources: there is nothing to compare. */
const hasSources = () => fs.existsSync(join(root, 'cli', 'tsconfig.json'));

/** What was built last: of which sources, whether it compiled, and when tsc wrote; null where that is not known. */
function lastBuild() {
  try {
    const { prints, isWhole, writes } = JSON.parse(fs.readFileSync(stamp, 'utf8'));
    return writes === lastWrites() ? { prints, isWhole } : null;
  } catch {
    return null;
  }
}

const note = (prints, isWhole) => fs.writeFileSync(stamp, JSON.stringify({ prints, isWhole, writes: lastWrites() }));

/** Whether dist was made from exactly these sources. */
function isBuilt(prints) {
  if (!fs.existsSync(main)) return false;
  const last = lastBuild();
  return last?.isWhole === true && JSON.stringify(last.prints) === JSON.stringify(prints);
}

/**
 * Whose lock it is: a process id; undefined when there is none any more; null when whoever took it has died, has held it
 * longer than any build lasts (in a container its process may be out of sight), or when it is no lock of ours.
 */
function holder() {
  const status = fs.lstatSync(lock, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (!status.isSymbolicLink() || Math.abs(Date.now() - status.mtimeMs) > lockAgeMsMax) return null;
  try {
    const pid = fs.readlinkSync(lock);
    if (!/^[1-9][0-9]*$/.test(pid) || Number(pid) === process.pid) return null;
    process.kill(Number(pid), 0);
    return pid;
  } catch (error) {
    // Another user's process lives; ENOENT: the lock went away meanwhile.
    return error.code === 'EPERM' ? 'of another user' : error.code === 'ENOENT' ? undefined : null;
  }
}

/**
 * Runs `work` while no other process builds. The lock is a symbolic link whose target is the holder's process id: made in
 * one step with its content, so nobody ever sees a lock without a holder. Two waiters can in theory both take over from a
 * dead holder and build at once; both then write the same bytes, because both read the same sources.
 */
async function alone(work) {
  const begun = Date.now();
  let told = false;
  for (;;) {
    fs.mkdirSync(dist, { recursive: true });
    try {
      fs.symlinkSync(String(process.pid), lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const other = holder();
    if (other === undefined) continue;
    if (other === null) {
      fs.rmSync(lock, { force: true, recursive: true });
      continue;
    }
    if (!told && Date.now() - begun > 1000) {
      told = true;
      process.stderr.write(`p3do: waiting for the build by process ${other} …\n`);
    }
    await pause(20);
  }
  try {
    return work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

/**
 * Has tsc look at a folder anew whose sources are others than at the last build: it believes times, and contents may have moved without them.
 * Whoever depends on it tsc finds itself, by what it writes. False: it has to look at everything.
 */
function forget(prints) {
  const last = lastBuild()?.prints;
  if (last === undefined || last[''] !== prints['']) return false;
  for (const [folder, print] of Object.entries(prints)) {
    if (last[folder] !== print) fs.rmSync(infoOf(folder), { force: true });
  }
  return true;
}

/** Compiles `projects` (none: all of them) and notes what was built. */
function compile(projects, prints) {
  const require = createRequire(import.meta.url);
  let tsc;
  try {
    tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  } catch {
    throw new BuildError(
      `dist/ is missing or older than its sources, and typescript is not installed: run npm install in ${root}`,
    );
  }
  if (projects.length > 0) process.stderr.write('p3do: building …\n');
  const isForced = !isBuilt(prints) && !forget(prints);
  // Without a stamp from here on: a build that is killed half way must not pass for the one before it.
  fs.rmSync(stamp, { force: true });
  const args = [tsc, '-b', ...(isForced ? ['--force'] : []), ...projects];
  // Compiler output goes to stderr: stdout belongs to the command that is about to run.
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  // What did not compile has no info, or one that says so: the next build goes on from here.
  note(prints, status === 0);
  if (status !== 0) throw new BuildError('the sources do not compile, see above');
}

/** Turns what went wrong into one line and the exit code 1. */
async function orExplain(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BuildError) && error.syscall === undefined) throw error;
    process.stderr.write(`p3do: cannot build: ${error.message}\n`);
    process.exit(1);
  }
}

/** The Node this needs; older ones fail in ways that do not say so. */
function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`p3do: Node.js ${process.version} is too old: install 20.19 or newer\n`);
  process.exit(1);
}

/** Compiles what the command needs, if its sources are not those dist was made from; of several processes one builds, the others wait. */
export async function buildIfStale() {
  checkNode();
  await orExplain(async () => {
    if (!hasSources()) {
      if (fs.existsSync(main)) return;
      throw new BuildError('dist/ is missing from this package, install it again');
    }
    if (isBuilt(fingerprints())) return;
    await alone(() => {
      const prints = fingerprints();
      if (isBuilt(prints)) return;
      compile(['cli'], prints);
    });
  });
}

/** Compiles everything, tests and benchmarks too. */
async function buildAll() {
  checkNode();
  await orExplain(() => alone(() => compile([], fingerprints())));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
