/** Each row of the table of continuity, reached once by a running node: DNS answers of bind and unbound, circuits over TLS, keys of OpenPGP, and its own constants. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ProofStep } from '../../../circuit/proof-steps.ts';
import type { ServerIdentity } from '../../../circuit/server-handshake.ts';
import type { DomainShown } from '../../../federation/admin-questions.ts';
import { sign } from '../../../pki/openpgp.ts';
import { renderPacket, tags } from '../../../pki/packets.ts';
import { applyRevocation, makeRevocation, reasons } from '../../../pki/revocation.ts';
import { nextRotation, signRotation } from '../../../pki/rotation.ts';
import type { SecretKey } from '../../../pki/secret-key.ts';
import { signatureTypes } from '../../../pki/signature.ts';
import { trustLimits } from '../../../pki/trust-limits.ts';
import { numberedKey } from '../../../server/domain/rotating.ts';
import { Undoing } from '../../undoing.ts';
import { identityOf, newDomainKey } from '../node/town.ts';
import { alarmsOf, command, type LiveNode, LiveTown, printOf, shown, until } from './live-nodes.ts';
import { type Primary, startBind, startUnbound, updateZone, type Validator, withNameServers } from './name-servers.ts';

const undoing = new Undoing();
const town = new LiveTown(undoing);
const DAY = 86_400_000;
const WATCHER = 'watcher.test';
const witnessNames = ['one.test', 'two.test', 'three.test'];
/** The domain that each test is about; each stands alone. */
const names = ['torn', 'rolled', 'vague', 'forged', 'doubted', 'void', 'steady', 'named', 'slow', 'lost', 'dead'];
names.push('wrong', 'ended', 'given');
const signed = names.map((name) => `${name}.test`);

let bind: Primary;
let unsigned: Primary;
let resolver: Validator;
let deceived: Validator;
let watcher: LiveNode;
/** Asks two resolvers over two ways, the second of which it should not believe; and one whom somebody lies to. */
let wary: LiveNode;
let misled: LiveNode;
let knowsAll: ReadonlyMap<string, string>;
const witnesses: LiveNode[] = [];
const keys = new Map<string, SecretKey>();
const nodes = new Map<string, LiveNode>();

/** A key of a domain, the same for the same name. */
async function keyOf(domain: string, name = 'old'): Promise<SecretKey> {
  const known = keys.get(`${domain} ${name}`) ?? (await newDomainKey(domain));
  keys.set(`${domain} ${name}`, known);
  return known;
}
const identity = async (domain: string, name = 'old'): Promise<ServerIdentity> =>
  identityOf(domain, await keyOf(domain, name));
const print = async (domain: string, name = 'old'): Promise<string> => printOf(await identity(domain, name));

/** What the DNS says from now on, one record for each key. */
async function dns(domain: string, ...records: string[]): Promise<void> {
  await say(domain === 'first.test' ? unsigned : bind, domain, records);
}
async function say(zone: Primary, domain: string, records: readonly string[]): Promise<void> {
  const added = records.map((text) => `add _p3do.${domain}. 60 TXT "${text}"`);
  await updateZone(zone, domain, `delete _p3do.${domain}. TXT`, ...added);
}
const record = async (domain: string, name = 'old', seq = 1): Promise<string> =>
  `v=P3DO1; fpr=${await print(domain, name)}; seq=${seq}`;

/** The domain's server is there with this key, and with what it says of it. */
async function come(domain: string, name = 'old', more: Partial<ServerIdentity> = {}): Promise<LiveNode> {
  await nodes.get(domain)?.close();
  for (const node of [watcher, wary, misled, ...witnesses])
    await until(
      () => shown(node, domain),
      ({ isLinked }) => !isLinked,
    );
  const whose = { ...(await identity(domain, name)), ...more };
  const node = await town.open({
    key: await keyOf(domain, name),
    identity: whose,
    host: '127.0.0.1',
    pins: knowsAll,
    resolvers: [],
  });
  nodes.set(domain, node);
  return node;
}

/** A node goes there, and what comes of it. */
async function met(domain: string, by = watcher): Promise<DomainShown> {
  const beganMs = town.now();
  return until(
    async () => {
      // Whoever was refused a moment ago is not gone to at once.
      await command(by, { kind: 'meet', domain });
      return shown(by, domain);
    },
    ({ isLinked, refused }) => isLinked || (refused !== null && refused.atMs >= beganMs),
  );
}
const rowOf = async (domain: string): Promise<string | null> => (await met(domain)).refused?.row ?? null;

/** The statements that keys follow each other from the first to this one, with what a server shows of them. */
async function follows(
  domain: string,
  name: string,
  between: readonly string[] = [],
): Promise<Partial<ServerIdentity>> {
  const now = Math.floor(town.now() / 1000);
  let old = await keyOf(domain);
  let known = numberedKey(old, null);
  const steps: ProofStep[] = [];
  let before = old;
  for (const step of [...between, name]) {
    const next = await keyOf(domain, step);
    const text = nextRotation(domain, known, next.certificate.key.fingerprint, now - 60);
    const statement = await signRotation(old.signer, next.signer, text, now);
    steps.push({ statement, key: next.certificate.bytes, recovery: null });
    known = numberedKey(next, statement);
    [before, old] = [old, next];
  }
  return { rotation: steps.pop()!.statement, before: before.certificate.bytes, earlier: steps };
}

withNameServers('by a node', () => {
  beforeAll(async () => {
    const all = [...signed, 'nobody.test'];
    const zones = (domains: readonly string[]): Record<string, string> =>
      Object.fromEntries(domains.map((name) => [name, '']));
    bind = await startBind(zones(all));
    const lied = ['forged.test', 'doubted.test'];
    unsigned = await startBind(zones(['first.test', ...lied]), false);
    const stubs = { ...Object.fromEntries(all.map((name) => [name, bind.port])), 'first.test': unsigned.port };
    resolver = await startUnbound(stubs, bind.anchors, null, 0);
    deceived = await startUnbound(Object.fromEntries(lied.map((name) => [name, unsigned.port])), bind.anchors, null, 0);
    for (const name of lied) await say(unsigned, name, [await record(name, name === 'forged.test' ? 'other' : 'old')]);
    const known = [WATCHER, 'wary.test', 'misled.test', ...witnessNames];
    knowsAll = new Map(await Promise.all(known.map(async (name) => [name, await print(name)] as const)));
    const validating = `udp://127.0.0.1:${resolver.port}`;
    const open = async (domain: string, host: string, ...resolvers: string[]): Promise<LiveNode> => {
      const [key, whose] = [await keyOf(domain), await identity(domain)];
      return town.open({ key, identity: whose, host, pins: knowsAll, resolvers });
    };
    watcher = await open(WATCHER, '127.0.0.1', validating);
    wary = await open('wary.test', '127.0.0.1', validating, `tcp://127.0.0.1:${unsigned.port}`);
    misled = await open('misled.test', '127.0.0.1', `udp://127.0.0.1:${deceived.port}`);
    for (const [at, name] of witnessNames.entries()) witnesses.push(await open(name, `127.${at + 1}.0.1`, validating));
    for (const name of witnessNames) expect(await met(name)).toMatchObject({ isLinked: true, standing: 'normal' });
    for (const domain of signed) {
      await dns(domain, await record(domain));
      await come(domain);
      // Row 16: nothing is pinned, and the DNS names it, as a validator says.
      expect(await met(domain)).toMatchObject({ isLinked: true, standing: 'normal', basis: 'corroborated' });
      await nodes.get(domain)?.close();
    }
    // Who is to be heard as a witness has been known for long.
    town.aheadMs += trustLimits.witnessPinnedMs + DAY;
  });
  afterAll(async () => undoing.run());

  test('1 and 5: a key that has revoked itself for cause; and whoever comes after it', async () => {
    const { signer, certificate } = await keyOf('void.test');
    const revocation = await makeRevocation(signer, Math.floor(Date.now() / 1000));
    await come('void.test', 'old', { certificate: await applyRevocation(certificate, revocation) });
    expect((await met('void.test')).refused).toMatchObject({ code: '_trust_revoked_key', row: '1' });
    await come('void.test', 'next');
    expect((await met('void.test')).refused).toMatchObject({ code: '_trust_revoked_key', row: '5' });
    expect((await shown(watcher, 'void.test')).standing).toBe('void');
  });

  test('2: a key that has named two successors', async () => {
    await come('torn.test', 'one', await follows('torn.test', 'one'));
    expect(await rowOf('torn.test')).toBe('10');
    await come('torn.test', 'two', await follows('torn.test', 'two'));
    expect((await met('torn.test')).refused).toMatchObject({ code: '_trust_frozen_key', row: '2' });
    expect((await shown(watcher, 'torn.test')).standing).toBe('frozen');
  });

  test('9 and 3: a successor that the DNS names is taken at once, though a step between was missed; the old key until its overlap ends', async () => {
    const domain = 'rolled.test';
    await dns(domain, await record(domain, 'next', 3));
    await come(domain, 'next', await follows(domain, 'next', ['between']));
    expect(await met(domain)).toMatchObject({
      isLinked: true,
      basis: 'rotated',
      fingerprint: await print(domain, 'next'),
    });
    expect(alarmsOf(watcher, domain)).toContain('9 key followed');
    await come(domain);
    expect(await met(domain)).toMatchObject({ isLinked: true, fingerprint: await print(domain, 'next') });
    await nodes.get(domain)!.close();
    town.aheadMs += trustLimits.overlapMs;
    await come(domain);
    expect((await met(domain)).refused).toMatchObject({ code: '_trust_changed_key', row: '3' });
  });

  test('4 and 7: a DNS that contradicts itself, or says nothing, changes nothing; after a week of silence it is told', async () => {
    await dns('vague.test', await record('vague.test'), await record('vague.test', 'other'));
    await come('vague.test');
    expect(await met('vague.test')).toMatchObject({ isLinked: true, basis: 'corroborated' });
    expect(alarmsOf(watcher, 'vague.test')).toContain('7 dns ambiguous');
    await dns('steady.test');
    await come('steady.test');
    expect(await met('steady.test')).toMatchObject({ isLinked: true });
    town.aheadMs += trustLimits.missingMs;
    await come('steady.test');
    expect(await met('steady.test')).toMatchObject({ isLinked: true, standing: 'normal' });
    await until(
      () => alarmsOf(watcher, 'steady.test'),
      (told) => told.includes('7 dns silent'),
    );
  });

  test('4: an answer that does not validate says nothing: whom it names is taken by nobody', async () => {
    await come('forged.test', 'other');
    expect((await met('forged.test', misled)).refused).toMatchObject({ code: '_trust_unvouched', row: '18' });
    expect(alarmsOf(misled, 'forged.test')).toContain('18 dns bogus');
    expect((await met('forged.test')).refused).toMatchObject({ code: '_trust_changed_key', row: '14' });
  });

  test('4 and 9: of a successor two resolvers are asked, over two ways; where they differ it is not taken at once, and where they agree it is', async () => {
    const domain = 'doubted.test';
    await come(domain);
    expect(await met(domain, wary)).toMatchObject({ isLinked: true, basis: 'corroborated' });
    await dns(domain, await record(domain, 'next', 2));
    const statement = await follows(domain, 'next');
    await come(domain, 'next', statement);
    // Who asks the first alone goes by it.
    expect(await met(domain)).toMatchObject({ isLinked: true, basis: 'rotated' });
    expect((await met(domain, wary)).refused).toMatchObject({ code: '_trust_waiting_key', row: '10' });
    expect(alarmsOf(wary, domain)).toContain('10 dns differing');
    await say(unsigned, domain, [await record(domain, 'next', 2)]);
    const taken = await until(
      () => met(domain, wary),
      ({ isLinked }) => isLinked,
    );
    expect(taken).toMatchObject({ basis: 'rotated', fingerprint: await print(domain, 'next') });
    expect(alarmsOf(wary, domain)).toContain('9 key followed');
  });

  test('6, 7a and 8: all is well; nobody is there; the DNS names another, and the domain is told', async () => {
    const domain = 'named.test';
    await come(domain);
    const { isLinked, provedMs } = await met(domain);
    expect([isLinked, town.now() - provedMs! < DAY, alarmsOf(watcher, domain)]).toEqual([true, true, []]);
    await nodes.get(domain)!.close();
    // Another domain finds nobody there either.
    await command(witnesses[0]!, { kind: 'meet', domain });
    await until(
      () => alarmsOf(watcher, domain),
      (told) => told.includes('7a home silent'),
    );
    await dns(domain, await record(domain, 'other', 2));
    const node = await come(domain);
    expect(await met(domain)).toMatchObject({ isLinked: true, standing: 'normal', fingerprint: await print(domain) });
    expect(alarmsOf(watcher, domain)).toContain('8 dns names another key');
    await until(
      () => node.notices,
      (told) => told.some((notice) => notice.kind === 'named' && notice.domain === WATCHER),
    );
  });

  test('10: a successor that nobody vouches for waits for 72 hours, and as long as a validator vouches for the old key', async () => {
    const domain = 'slow.test';
    const statement = await follows(domain, 'next');
    await come(domain, 'next', statement);
    expect((await met(domain)).refused).toMatchObject({ code: '_trust_waiting_key', row: '10' });
    town.aheadMs += trustLimits.graceMs;
    await come(domain, 'next', statement);
    expect((await met(domain)).refused).toMatchObject({ code: '_trust_waiting_key', row: '10' });
    expect(alarmsOf(watcher, domain)).toContain('10 successor doubted');
    await dns(domain);
    const taken = await until(
      () => met(domain),
      ({ isLinked }) => isLinked,
    );
    expect(taken).toMatchObject({ basis: 'rotated', fingerprint: await print(domain, 'next') });
    expect(alarmsOf(watcher, domain)).toContain('10 key followed');
  });

  /** It is there with another key, which the DNS names and three others have seen. */
  async function seen(domain: string): Promise<void> {
    await dns(domain, await record(domain, 'next', 2));
    await come(domain, 'next');
    for (const witness of witnesses) await met(domain, witness);
  }

  test('13 and 12: the DNS and whoever is there agree on another key; so do three others, and the old one is long gone', async () => {
    await seen('dead.test');
    expect((await met('dead.test')).refused).toMatchObject({ code: '_trust_changed_key', row: '13' });
    // What the others say comes a moment later, and then it is gone there again.
    await until(
      () => alarmsOf(watcher, 'dead.test'),
      (told) => told.includes('12 approval needed'),
    );
    const known = await shown(watcher, 'dead.test');
    expect(known).toMatchObject({ standing: 'quarantine', fingerprint: await print('dead.test') });
  });

  test('11: the next key of a domain whose key is lost is held for a week, and taken then', async () => {
    const domain = 'lost.test';
    await seen(domain);
    await command(watcher, { kind: 'lost', domain, isLost: true });
    await until(
      () => rowOf(domain),
      (row) => row === '11',
    );
    town.aheadMs += trustLimits.holdMs;
    await seen(domain);
    const taken = await until(
      () => met(domain),
      ({ isLinked }) => isLinked,
    );
    expect(taken).toMatchObject({ basis: 'emergency', fingerprint: await print(domain, 'next') });
  });

  test('14 and 15a: another key that nobody names is refused, and taken where the admin gives its fingerprint', async () => {
    await come('wrong.test', 'other');
    expect((await met('wrong.test')).refused).toMatchObject({ code: '_trust_changed_key', row: '14' });
    const change = { rule: 'allow', domain: 'given.test', fingerprint: await print('given.test', 'next') } as const;
    await command(watcher, { kind: 'change', unknown: null, changes: [change] });
    await come('given.test', 'next');
    const taken = await until(
      () => met('given.test'),
      ({ isLinked }) => isLinked,
    );
    expect(taken).toMatchObject({ standing: 'normal', basis: 'confirmed', fingerprint: change.fingerprint });
  });

  test('15: a key that has retired itself goes on for a day', async () => {
    const { signer, certificate } = await keyOf('ended.test');
    const over = { kind: 'key', key: signer.key.body } as const;
    const reason = { code: reasons.retired, text: '' };
    const created = Math.floor(Date.now() / 1000);
    const body = await sign(signer, over, { type: signatureTypes.keyRevocation, created, reason });
    const retired = await applyRevocation(certificate, renderPacket({ tag: tags.signature, body }));
    await come('ended.test', 'old', { certificate: retired });
    expect(await met('ended.test')).toMatchObject({ isLinked: true });
    expect(alarmsOf(watcher, 'ended.test')).toContain('15 key ended');
    town.aheadMs += trustLimits.endedMs;
    await come('ended.test', 'old', { certificate: retired });
    expect((await met('ended.test')).refused).toMatchObject({ code: '_trust_ended_key', row: '15' });
  });

  test('17 and 18: a key that only an unsigned DNS names is on trial; one that nobody names is not taken', async () => {
    await dns('first.test', await record('first.test'));
    await come('first.test');
    expect(await met('first.test')).toMatchObject({ isLinked: true, standing: 'quarantine', basis: 'first use' });
    town.aheadMs += trustLimits.graceMs;
    await come('first.test');
    expect(await met('first.test')).toMatchObject({ isLinked: true });
    await until(
      () => shown(watcher, 'first.test'),
      ({ standing }) => standing === 'normal',
    );
    await come('nobody.test');
    expect((await met('nobody.test')).refused).toMatchObject({ code: '_trust_unvouched', row: '18' });
  });
});
