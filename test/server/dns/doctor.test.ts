/** The doctor at a domain with real name servers and a real server: well, ill in each way, and not there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Asker } from '../../../server/dns/ask.ts';
import { finderOf } from '../../../server/dns/asking.ts';
import { KeyLookUp } from '../../../server/dns/look-up.ts';
import { parseResolver } from '../../../server/dns/resolver.ts';
import { checks } from '../../../server/doctor/checks.ts';
import { examine, type Finding, type Visit } from '../../../server/doctor/finding.ts';
import { loadDomain } from '../../../server/domain/load.ts';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { Server } from '../../../server/server.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { emptyFolder } from '../config/folder.ts';
import { freePort } from '../free-port.ts';
import { terminating } from '../transport/between.ts';
import { type Primary, startBind, startUnbound, type Validator, withNameServers } from './name-servers.ts';

const OTHER = '0123456789abcdef0123456789abcdef01234567';

withNameServers('with bind, unbound and a server', () => {
  let server: Server;
  let key: string;
  let bind: Primary;
  let unsigned: Primary;
  let validator: Validator;
  let deceived: Validator;
  let closed: number;

  beforeAll(async () => {
    const folder = emptyFolder();
    const { config: file, fingerprint } = await quickstart(folder, {
      domain: 'well.test',
      now: Math.floor(Date.now() / 1000),
    });
    key = fingerprint;
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(
      file,
      JSON.stringify({ ...config, listen: { hosts: ['127.0.0.1'], port: 0 }, store: { memory: true } }),
    );
    const crashed = (error: unknown): void => {
      throw error;
    };
    server = await Server.start(await loadDomain(folder), { log: pino({ level: 'silent' }), crashed });
    const port = Number(server.addresses[0]!.split(':')[1]);
    closed = await freePort();
    const record = (fpr: string, more = ''): string => `_p3do IN TXT "v=P3DO1; fpr=${fpr}; seq=1${more}"\n`;
    const at = (where: number): string => `_psycs._tcp IN SRV 0 0 ${where} ns\n`;
    bind = await startBind({
      'well.test': record(key) + at(port),
      'bare.test': '',
      'other.test': record(OTHER) + at(port),
      'void.test': '_p3do IN TXT "v=P3DO1; fpr=1"\n_psycs._tcp IN SRV 0 0 0 .\n',
    });
    // A signed zone has no records that are kept so long.
    unsigned = await startBind(
      {
        'well.test': record(OTHER) + at(port),
        'gone.test': `_p3do 172800 IN TXT "v=P3DO1; fpr=${OTHER}; seq=1; x=1800000100"\n_psycs._tcp IN SRV 0 0 ${closed} ns\n_psycs._tcp IN SRV 1 0 1 nobody\n`,
      },
      false,
    );
    const zones = ['well.test', 'bare.test', 'other.test', 'void.test'];
    const stubs = zones.map((zone): [string, number] => [zone, bind.port]);
    validator = await startUnbound({ ...Object.fromEntries(stubs), 'gone.test': unsigned.port }, bind.anchors);
    deceived = await startUnbound({ 'well.test': unsigned.port }, bind.anchors);
  });
  afterAll(() => server.stop());

  async function look(domain: string, resolvers: readonly string[], change: Partial<Visit> = {}): Promise<Finding[]> {
    const parsed = resolvers.map((text) => parseResolver(text)!);
    const asker = new Asker({ proxy: null }, systemTimers);
    const told = await new KeyLookUp(asker, parsed, () => 1_800_000_000).all(domain);
    const finder = finderOf(asker, parsed);
    const visit = {
      domain,
      ownKey: null,
      isAlone: false,
      told,
      looker: null,
      hasValidator: true,
      finder,
      peers: new Map(),
      proxy: null,
      web: { port: closed },
      hasOnions: null,
      unixMs: () => Date.now(),
      ...change,
    };
    return examine(visit, checks, () => {});
  }
  const both = (): string[] => [`udp://127.0.0.1:${validator.port}`, `tcp://127.0.0.1:${bind.port}`];
  const shown = (findings: readonly Finding[]): string[] => findings.map(({ what, verdict }) => `${verdict} ${what}`);

  test('a domain that is well', async () => {
    const findings = await look('well.test', both(), { ownKey: key });
    const parts = ['record', 'resolvers', 'DNSSEC', 'server', 'TLS', 'proof', 'clock', 'key server'];
    expect(shown(findings)).toEqual([
      ...[...parts, 'expiry', 'expiry', 'expiry'].map((what) => `good ${what}`),
      'warning WKD',
    ]);
    expect(findings.map(({ verdict, remedy }) => (verdict === 'good') === (remedy === null))).not.toContain(false);
    expect(findings[0]!.text).toBe(`the key is ${key}, number 1`);
    expect(findings[4]!.text).toContain('TLSv1.3, X25519');
    expect(findings[5]!.text).toContain(`proves ${key}`);
  });

  test('a domain without any record', async () => {
    const findings = await look('bare.test', both());
    expect(shown(findings)).toEqual([
      'bad record',
      'good resolvers',
      'good DNSSEC',
      'warning server',
      'bad server',
      'warning WKD',
    ]);
    expect(findings[0]!.remedy).toContain('p3do dns show');
    expect(findings[4]!.text).toBe('bare.test has no address');
  });

  test('records that count for nothing, and a denial', async () => {
    const findings = await look('void.test', both());
    expect(shown(findings)).toEqual(['bad record', 'good resolvers', 'good DNSSEC', 'bad server', 'warning WKD']);
    expect(findings[0]!.text).toContain('_invalid_tag');
  });

  test('a server that is not there, and a record that is kept too long and ends soon', async () => {
    const findings = await look(
      'gone.test',
      [`udp://127.0.0.1:${validator.port}`, `tcp://127.0.0.1:${unsigned.port}`],
      { unixMs: () => 1_800_000_000_000 },
    );
    expect(shown(findings)).toEqual([
      'good record',
      'warning record',
      'warning record',
      'good resolvers',
      'warning DNSSEC',
      'good server',
      'bad TLS',
      'bad server',
      'bad key server',
      'bad key server',
      'warning WKD',
    ]);
    expect(findings.filter(({ verdict }) => verdict !== 'good').every(({ remedy }) => remedy !== null)).toBe(true);
  });

  test('another domain’s server, and another key than ours', async () => {
    const findings = await look('other.test', both(), { ownKey: key });
    expect(shown(findings)).toEqual([
      'bad record',
      'good resolvers',
      'good DNSSEC',
      'good server',
      'good TLS',
      'bad proof',
      'good clock',
      'good key server',
      'good expiry',
      'good expiry',
      'good expiry',
      'warning WKD',
    ]);
    expect(findings[5]!.text).toContain('_proof_foreign_source');
  });

  test('resolvers that differ, one that is silent, one alone, and one that is lied to', async () => {
    const [udp = ''] = both();
    const liar = `tcp://127.0.0.1:${unsigned.port}`;
    const differing = await look('well.test', [udp, liar]);
    expect(shown(differing).slice(0, 3)).toEqual(['good record', 'bad resolvers', 'good DNSSEC']);
    expect(differing[1]!.text).toContain(OTHER);
    const silent = await look('well.test', [`tcp://127.0.0.1:${closed}`, udp]);
    expect(shown(silent).slice(0, 4)).toEqual(['good record', 'warning resolvers', 'warning resolvers', 'good DNSSEC']);
    const taken = await look('well.test', [liar]);
    // The key that is proved is not the one that the liar names.
    expect(shown(taken).slice(0, 8)).toEqual([
      'good record',
      'warning resolvers',
      'warning DNSSEC',
      'good server',
      'good TLS',
      'bad proof',
      'good clock',
      'bad key server',
    ]);
    const bogus = await look('well.test', [`udp://127.0.0.1:${deceived.port}`]);
    expect(shown(bogus).slice(0, 3)).toEqual(['bad record', 'warning resolvers', 'bad DNSSEC']);
    const nobody = await look('well.test', [`tcp://127.0.0.1:${closed}`]);
    expect(shown(nobody).slice(0, 2)).toEqual(['bad record', 'warning resolvers']);
  });

  test('a name of this machine alone is asked of nobody: its server is where the configuration says', async () => {
    const peers = new Map([['well.test', { host: '127.0.0.1', port: Number(server.addresses[0]!.split(':')[1]) }]]);
    const findings = await look('well.test', [], { isAlone: true, peers, ownKey: key });
    const parts = ['server', 'TLS', 'proof', 'clock', 'key server', 'expiry', 'expiry', 'expiry'];
    expect(shown(findings)).toEqual(['warning record', ...parts.map((what) => `good ${what}`)]);
  });

  test('who ends TLS in between, and a clock that is off', async () => {
    const port = Number(server.addresses[0]!.split(':')[1]);
    const finder = {
      services: async () => [{ name: '127.0.0.1', port, priority: 0, weight: 0 }],
      addresses: async () => [],
    };
    for (const [off, verdict] of [
      [100_000, 'warning'],
      [-400_000, 'bad'],
      [86_400_000, 'bad'],
      [-86_400_000, 'bad'],
    ] as const) {
      const findings = await look('well.test', both(), { finder, unixMs: () => Date.now() + off });
      expect(shown(findings)).toContain(`${verdict} clock`);
    }
    // A line that only carries bytes is not noticed; what answers with something else is.
    const babbler = createServer((socket) => socket.on('error', () => {}).end('hello\n')).listen(0, '127.0.0.1');
    await once(babbler, 'listening');
    const carrier = createServer((socket) => {
      const onward = connect(port, '127.0.0.1').on('error', () => {});
      socket
        .on('error', () => {})
        .pipe(onward)
        .pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(carrier, 'listening');
    const through = async (at: AddressInfo): Promise<string[]> => {
      const services = async () => [{ name: '127.0.0.1', port: at.port, priority: 0, weight: 0 }];
      return shown(await look('well.test', both(), { finder: { ...finder, services } })).slice(4, -1);
    };
    expect(await through(babbler.address() as AddressInfo)).toEqual(['bad TLS', 'bad key server']);
    expect(await through(carrier.address() as AddressInfo)).toEqual([
      'good TLS',
      'good proof',
      'good clock',
      'good key server',
      'good expiry',
      'good expiry',
      'good expiry',
    ]);
    // Who ends it reads all that is said, and cannot prove the key over either connection.
    const middle = await terminating({ host: '127.0.0.1', port }, selfSigned('well.test', Date.now()));
    const finds = {
      ...finder,
      services: async () => [{ name: '127.0.0.1', port: middle.port, priority: 0, weight: 0 }],
    };
    const caught = await look('well.test', both(), { finder: finds });
    expect(shown(caught).slice(4, 7)).toEqual(['good TLS', 'bad proof', 'good clock']);
    expect(caught[5]).toMatchObject({
      text: expect.stringContaining('_proof_invalid_signature'),
      remedy: expect.stringContaining('nothing may end TLS before it'),
    });
    await middle.close();
    const peers = new Map([['well.test', { host: '127.0.0.1', port }]]);
    const told = await look('well.test', both(), { peers });
    expect(told[3]!.text).toBe(`the configuration here says 127.0.0.1 port ${port}`);
    babbler.close();
    carrier.close();
  });
});
