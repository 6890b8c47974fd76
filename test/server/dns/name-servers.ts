/** bind and unbound, each with a folder of its own, on free ports of the loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { run } from '../../house/fixture.ts';
import { needs, onPath } from '../../needs.ts';
import { freePort } from '../free-port.ts';

const SBIN = '/usr/sbin';
/** The same for what Debian puts where only root looks. */
export const onServerPath = (program: string): boolean => onPath(program) || existsSync(join(SBIN, program));
/** A `describe` for tests with real name servers. */
export const withNameServers = needs({
  name: 'bind and unbound',
  apt: 'bind9 bind9-dnsutils unbound',
  probe: () => ['named', 'dig', 'tsig-keygen', 'unbound'].every(onServerPath),
});

const env = { PATH: `${process.env['PATH'] ?? ''}:${SBIN}`, LC_ALL: 'C' };

const START_MS_MAX = 25_000;

const running: ChildProcess[] = [];
const folders: string[] = [];

afterAll(async () => {
  for (const child of running) {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that ends with the tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'dns'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

function start(program: string, args: string[]): void {
  running.push(spawn(program, args, { stdio: 'ignore', env }));
}

/** What dig says, in short or in whole. */
export async function dig(port: number, ...args: string[]): Promise<string> {
  const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=2', ...args], { env });
  return stdout.trim();
}

/** Asks until the answer is right. Each time it is a process of its own, which is pause enough. */
async function until(isRight: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + START_MS_MAX; !(await isRight()); ) {
    if (Date.now() > end) throw new Error('the name server does not answer');
  }
}

/** A primary server of zones that it signs, and that the key may update `_p3do` in. */
export interface Primary {
  readonly port: number;
  readonly folder: string;
  /** File with the TSIG key. */
  readonly key: string;
  /** DS records of all zones: what a validator starts from. */
  readonly anchors: string;
}

/** `zones`: records by zone, relative names, without SOA and NS. `granted`: what the key may change in each. */
export async function startBind(
  zones: Readonly<Record<string, string>>,
  isSigned = true,
  granted: (zone: string) => string = (zone) => `name _p3do.${zone}. TXT`,
): Promise<Primary> {
  const folder = newFolder();
  const port = await freePort();
  const key = join(folder, 'tsig.key');
  writeFileSync(key, (await run('tsig-keygen', ['-a', 'hmac-sha256', 'p3do-update'], { env })).stdout, { mode: 0o600 });
  const signing = isSigned ? 'dnssec-policy default; inline-signing yes;' : '';
  const parts = Object.entries(zones).map(([zone, records]) => {
    const soa = `$TTL 60\n@ IN SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 60\n@ IN NS ns.${zone}.\nns IN A 127.0.0.1\n`;
    writeFileSync(join(folder, `${zone}.zone`), soa + records);
    return `zone "${zone}" { type primary; file "${zone}.zone"; ${signing}
  update-policy { grant p3do-update ${granted(zone)}; }; };`;
  });
  writeFileSync(
    join(folder, 'named.conf'),
    `include "${key}"; controls { };
options { directory "${folder}"; pid-file "named.pid"; session-keyfile "session.key"; listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; }; check-integrity no; recursion no; notify no; empty-zones-enable no; dnssec-validation no;
  managed-keys-directory "${folder}"; key-directory "${folder}"; };
logging { channel c { file "named.log"; severity info; }; category default { c; }; };
${parts.join('\n')}
`,
  );
  start('named', ['-f', '-c', join(folder, 'named.conf'), '-n', '1']);
  for (const zone of Object.keys(zones)) {
    await until(async () => {
      const answer = await dig(port, 'SOA', zone, '+dnssec', '+noall', '+answer');
      return isSigned ? answer.includes('RRSIG') : answer.includes('SOA');
    });
  }
  const anchors = join(folder, 'ds.txt');
  const keys = readdirSync(folder).filter((file) => /^K.*\.key$/.test(file));
  const ds = await Promise.all(keys.map((file) => run('dnssec-dsfromkey', ['-2', join(folder, file)], { env })));
  writeFileSync(anchors, ds.map(({ stdout }) => stdout).join(''));
  return { port, folder, key, anchors };
}

/** Whoever has the key says by nsupdate, signed, what stands in a zone. */
export function updateZone({ port, key }: Primary, zone: string, ...lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('nsupdate', ['-k', key], { env }, (error) => (error === null ? resolve() : reject(error)));
    const updates = lines.map((line) => `update ${line}`);
    child.stdin!.end([`server 127.0.0.1 ${port}`, `zone ${zone}`, ...updates, 'send\n'].join('\n'));
  });
}

/** A resolver: where it is found by UDP and TCP, and with a certificate by TLS and HTTP/2 as well. */
export interface Validator {
  readonly port: number;
  readonly tlsPort: number;
  readonly httpsPort: number;
}

/** `stubs`: for each zone the port of its server. `credentials`: PEM files. `ttlMax`: seconds that answers are kept. */
export async function startUnbound(
  stubs: Readonly<Record<string, number>>,
  anchors: string,
  credentials: { readonly key: string; readonly certificate: string } | null = null,
  ttlMax = 86_400,
): Promise<Validator> {
  const folder = newFolder();
  const [port, tlsPort, httpsPort] = [await freePort(), await freePort(), await freePort()];
  const encrypted =
    credentials === null
      ? ''
      : `  interface: 127.0.0.1@${tlsPort}\n  interface: 127.0.0.1@${httpsPort}\n  tls-port: ${tlsPort}\n  https-port: ${httpsPort}
  tls-service-key: "${credentials.key}"\n  tls-service-pem: "${credentials.certificate}"\n`;
  const zones = Object.entries(stubs).map(
    ([zone, at]) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${at}\n`,
  );
  writeFileSync(
    join(folder, 'unbound.conf'),
    `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: "unbound.pid"
  use-syslog: no
  logfile: "unbound.log"
  interface: 127.0.0.1@${port}
${encrypted}  do-ip6: no
  do-not-query-localhost: no
  num-threads: 1
  use-caps-for-id: yes
  cache-max-ttl: ${ttlMax}
  cache-max-negative-ttl: ${Math.min(ttlMax, 3600)}
  local-zone: "test." nodefault
  trust-anchor-file: "${anchors}"
  module-config: "validator iterator"
remote-control:
  control-enable: no
${zones.join('')}`,
  );
  start('unbound', ['-d', '-c', join(folder, 'unbound.conf')]);
  const [zone = ''] = Object.keys(stubs);
  // Any answer: one that does not validate is an error to whoever asks.
  await until(async () => (await dig(port, 'SOA', zone)).includes('HEADER'));
  return { port, tlsPort, httpsPort };
}
