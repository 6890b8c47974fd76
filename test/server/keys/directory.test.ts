/** GnuPG, and the doctor after it, find a key by its address alone, in our web key directory: in a network of its own, where names and certificates are ours. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { run } from '../../house/fixture.ts';
import { needs, onPath } from '../../needs.ts';
import { Undoing } from '../../undoing.ts';
import { onServerPath } from '../dns/name-servers.ts';
import { command, passableFolder } from '../served.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const HOME = 'home.test';

const inNetwork = needs({
  name: 'network namespaces that users may make, ip, openssl, unbound and GnuPG with dirmngr',
  apt: 'iproute2 openssl unbound gnupg dirmngr',
  probe: () =>
    ['ip', 'openssl', 'gpg', 'dirmngr', 'unshare'].every(onPath) &&
    onServerPath('unbound') &&
    spawnSync('unshare', ['-Urnm', 'true']).status === 0,
});

/** A name server that knows these names, what the domain's DNS says, and nothing else. */
const zone = (folder: string, names: readonly string[], fingerprint: string): string => `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: "unbound.pid"
  use-syslog: no
  logfile: "unbound.log"
  interface: 127.0.0.1@53
  do-ip6: no
  local-zone: "test." static
${names.map((name) => `  local-data: "${name}. A 127.0.0.1"\n`).join('')}  local-data: "_psycs._tcp.${HOME}. SRV 0 0 9404 ${HOME}."
  local-data: '_p3do.${HOME}. TXT "v=P3DO1; fpr=${fingerprint}; seq=1"'
remote-control:
  control-enable: no
`;

/** Names of this network, trusted certificate and all; then the server, a person, GnuPG and the doctor, one after the other. */
const script = `
set -e
ip link set lo up
mount --bind "$W/resolv.conf" /etc/resolv.conf
mount --bind "$W/tls.crt" /etc/ssl/certs/ca-certificates.crt
unbound -d -c "$W/unbound.conf" & names=$!
mkfifo "$W/ready"
node "$COMMAND" serve --folder "$W/domain" >"$W/ready" 2>"$W/log" & server=$!
trap 'kill $server $names; gpgconf --kill all; wait' EXIT
read -r line <"$W/ready"
node "$COMMAND" register alice@${HOME} --server 127.0.0.1:9404 >&2
gpg --batch --auto-key-locate clear,nodefault,wkd --locate-external-keys Alice@${HOME} >&2
gpg --batch --with-colons --list-sigs alice@${HOME} >"$W/signatures"
NODE_EXTRA_CA_CERTS="$W/tls.crt" node "$COMMAND" doctor ${HOME} --resolver udp://127.0.0.1 --json
`;

/** What the doctor says of all but the directory. */
const others = [
  'good record',
  'warning resolvers',
  'warning DNSSEC',
  ...['server', 'TLS', 'proof', 'clock', 'key server', 'expiry', 'expiry', 'expiry'].map((what) => `good ${what}`),
];

inNetwork('GnuPG and the doctor', () => {
  test.each([
    [
      'at openpgpkey.home.test',
      ['openpgpkey.home.test', HOME],
      ['advanced, openpgpkey.home.test', 'direct, home.test'],
    ],
    ['at home.test, where the other name does not exist', [HOME], ['direct, home.test']],
  ])(
    'find a key %s, with its certification',
    async (_, names, ways) => {
      const folder = await passableFolder(undoing);
      const made = await quickstart(join(folder, 'domain'), {
        domain: HOME,
        now: Math.floor(Date.now() / 1000),
        hosts: ['127.0.0.1'],
        port: 9404,
      });
      const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
      const san = `subjectAltName=${['openpgpkey.home.test', HOME].map((name) => `DNS:${name}`).join(',')}`;
      const subject = ['-subj', '/CN=home.test', '-addext', san, '-days', '30'];
      const keyKind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      await run('openssl', ['req', '-x509', ...keyKind, '-keyout', key, '-out', crt, ...subject]);
      const config = JSON.parse(await readFile(made.config, 'utf8')) as object;
      const keys = { hosts: ['127.0.0.1'], port: 11371, tlsPort: 443 };
      const more = { store: { memory: true }, registration: 'open', tls: { certificate: crt, key }, keys };
      await writeFile(made.config, JSON.stringify({ ...config, ...more }));
      await writeFile(join(folder, 'unbound.conf'), zone(folder, names, made.fingerprint));
      await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
      await mkdir(join(folder, 'g'), { mode: 0o700 });
      const env = {
        W: folder,
        COMMAND: command,
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
        GNUPGHOME: join(folder, 'g'),
        P3DO_HOME: join(folder, 'p'),
        P3DO_PASSPHRASE: 'try',
        DATABASE_URL: undefined,
        LC_ALL: 'C',
      };
      const { status, stdout, stderr } = await run('unshare', ['-Urnm', 'bash', '-c', script], { env });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stderr).toContain('imported: 1');
      const signatures = await readFile(join(folder, 'signatures'), 'utf8');
      const signers = signatures.match(/^sig:.*/gm)?.map((line) => line.split(':')[4]);
      expect(signers).toContain(made.fingerprint.slice(-16).toUpperCase());
      const lines = stdout.trim().split('\n');
      const findings = lines.map((line) => JSON.parse(line) as { what: string; verdict: string; text: string });
      const found = findings.splice(others.length);
      expect(findings.map(({ verdict, what }) => `${verdict} ${what}`)).toEqual(others);
      const ending = `gives out the key of ${HOME}; its certificate ends `;
      expect(found.map(({ verdict, what, text }) => `${verdict} ${what}: ${text}`)).toEqual(
        ways.map((way) => expect.stringMatching(new RegExp(`^good WKD: ${way}: ${ending}\\d{4}-\\d\\d-\\d\\d$`))),
      );
    },
    60_000,
  );
});
