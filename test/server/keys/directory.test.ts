/** GnuPG finds a key by its address alone, in our web key directory: in a network of its own, where names and certificates are ours. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { run } from '../../house/fixture.ts';
import { needs, onPath } from '../../needs.ts';
import { Undoing } from '../../undoing.ts';
import { command, passableFolder } from '../served.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const HOME = 'home.test';

const inNetwork = needs({
  name: 'network namespaces, ip, openssl and GnuPG with dirmngr',
  otherwise: 'apt install iproute2 openssl gnupg dirmngr util-linux, and let users make namespaces',
  probe: () =>
    ['ip', 'openssl', 'gpg', 'dirmngr', 'unshare'].every(onPath) &&
    spawnSync('unshare', ['-Urnm', 'true']).status === 0,
});

/** A name server that knows no name: what is not in the file of hosts does not exist. Where none answers, the search ends. */
const nameServer = `
const socket = require('node:dgram').createSocket('udp4').bind(53, '127.0.0.1');
socket.on('message', (question, { port, address }) => {
  question.writeUInt16BE(0x8183, 2);
  socket.send(question, port, address);
});
`;

/** Names of this network, trusted certificate and all; then the server, a person, and GnuPG, one after the other. */
const script = `
set -e
ip link set lo up
mount --bind "$W/hosts" /etc/hosts
mount --bind "$W/resolv.conf" /etc/resolv.conf
mount --bind "$W/tls.crt" /etc/ssl/certs/ca-certificates.crt
node -e "$NAMES" & names=$!
mkfifo "$W/ready"
node "$COMMAND" serve --folder "$W/domain" >"$W/ready" 2>"$W/log" & server=$!
trap 'kill $server $names; gpgconf --kill all; wait' EXIT
read -r line <"$W/ready"
node "$COMMAND" register alice@${HOME} --server 127.0.0.1:9404 >&2
gpg --batch --auto-key-locate clear,nodefault,wkd --locate-external-keys Alice@${HOME} >&2
gpg --batch --with-colons --list-sigs alice@${HOME}
`;

inNetwork('GnuPG', () => {
  test.each([
    ['at openpgpkey.home.test', ['openpgpkey.home.test', HOME]],
    ['at home.test, where the other name does not exist', [HOME]],
  ])(
    'locates a key %s, with its certification',
    async (_, names) => {
      const folder = await passableFolder(undoing);
      const made = await quickstart(join(folder, 'domain'), {
        domain: HOME,
        now: Math.floor(Date.now() / 1000),
        hosts: ['127.0.0.1'],
        port: 9404,
      });
      const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
      const san = `subjectAltName=${['openpgpkey.home.test', HOME].map((name) => `DNS:${name}`).join(',')}`;
      const subject = ['-subj', '/CN=home.test', '-addext', san, '-days', '2'];
      const keyKind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      await run('openssl', ['req', '-x509', ...keyKind, '-keyout', key, '-out', crt, ...subject]);
      const config = JSON.parse(await readFile(made.config, 'utf8')) as object;
      const keys = { hosts: ['127.0.0.1'], port: 11371, tlsPort: 443 };
      const more = { store: { memory: true }, registration: 'open', tls: { certificate: crt, key }, keys };
      await writeFile(made.config, JSON.stringify({ ...config, ...more }));
      await writeFile(join(folder, 'hosts'), `127.0.0.1 localhost ${names.join(' ')}\n`);
      await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
      await mkdir(join(folder, 'g'), { mode: 0o700 });
      // Names that stand in the file of hosts only.
      await writeFile(join(folder, 'g', 'dirmngr.conf'), 'standard-resolver\n');
      const env = {
        W: folder,
        COMMAND: command,
        NAMES: nameServer,
        GNUPGHOME: join(folder, 'g'),
        P3DO_HOME: join(folder, 'p'),
        P3DO_PASSPHRASE: 'try',
        DATABASE_URL: undefined,
        LC_ALL: 'C',
      };
      const { status, stdout, stderr } = await run('unshare', ['-Urnm', 'bash', '-c', script], { env });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stderr).toContain('imported: 1');
      const signers = stdout.match(/^sig:.*/gm)?.map((line) => line.split(':')[4]);
      expect(signers).toContain(made.fingerprint.slice(-16).toUpperCase());
    },
    60_000,
  );
});
