/** An export judged by itself: whose keys count, and that a domain's pinned key stands before whatever was given meanwhile. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Judgement, UNJUDGED, type Verdict, verifyExport } from '../../client/export/check.ts';
import { ExportWriter } from '../../client/export/writer.ts';
import { renderBase64 } from '../../crypto/base64.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderRouted } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, Home, NOW } from './home.ts';
import { Life, someone, type Someone } from './life.ts';

const hall = 'psyc://b.example/@hall';
const folder = join(tmpdir(), `p3do-export-${randomBytes(6).toString('hex')}`);
let keyA: SecretKey;
let keyB: SecretKey;
let other: SecretKey;
let ada: Someone;

beforeAll(async () => {
  [keyA, keyB, other] = [
    await domainKey('a.example', 10),
    await domainKey('b.example', 20),
    await domainKey('b.example', 60),
  ];
  ada = await someone('ada', 'a.example', 30, keyA);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Ada's export of one word of bob's, whose keys are as his home gave them; `pins` are what she had pinned before. */
async function judged(bob: Someone, pins: Record<string, SecretKey>, own: Someone = ada): Promise<(string | null)[]> {
  return (await verdict(bob, pins, own)).codes;
}

async function verdict(
  bob: Someone,
  pins: Record<string, SecretKey>,
  own: Someone = ada,
  counter = 0,
): Promise<Verdict & { readonly codes: (string | null)[] }> {
  const speaker = await new Life(bob, new Home(bob.domain, bob.domainKey), { channel: 'side' }).start();
  await speaker.command({ kind: 'say', command: 1, target: hall, text: 'hello' });
  const { packet } = speaker.said('_message_public')[0]!;
  const bytes = renderRouted({ _context: hall, _source_relay: bob.uniform }, packet.content, packet.hasLength);
  const writer = await ExportWriter.begin(folder);
  for (const name of ['messages.jsonl', 'keys.jsonl', 'contacts.jsonl']) writer.line(name, null);
  for (const [name, { certificate }] of Object.entries(pins))
    writer.line('contacts.jsonl', { name, fingerprint: certificate.key.fingerprint, counter });
  for (const { uniform, certificate, statement, domainKey: domain } of [own, bob]) {
    const [key, devices, authority] = [certificate, statement, domain.certificate.bytes].map(renderBase64);
    writer.line('keys.jsonl', { person: uniform, key, statement: devices, domainKey: authority });
  }
  writer.line('messages.jsonl', {
    place: hall,
    sequence: 1,
    author: bob.uniform,
    packet: renderBase64(new Uint8Array(bytes)),
  });
  const fingerprint = ada.identity.certificate.key.fingerprint;
  await writer.finish({ person: ada.uniform, fingerprint, timeMs: (NOW + 60) * 1000 });
  const all: Judgement[] = [];
  const found = await verifyExport(folder, suite, (one) => all.push(one));
  return { ...found, codes: all.map(({ code }) => code) };
}

test('a word is its author’s whose keys his domain certifies, where neither is pinned or both as they are', async () => {
  const bob = await someone('bob', 'b.example', 40, keyB);
  expect(await judged(bob, {})).toEqual([null]);
  await rm(folder, { recursive: true });
  expect(await judged(bob, { 'b.example': keyB, [bob.uniform]: bob.identity })).toEqual([null]);
});

test('where his domain has another key since it is his by the key that was pinned for himself, and the domain is named', async () => {
  const bob = await someone('bob', 'b.example', 40, other);
  const { codes, wrong, changed } = await verdict(bob, { 'b.example': keyB, [bob.uniform]: bob.identity });
  const [pinned, fingerprint] = [keyB, other].map(({ certificate }) => certificate.key.fingerprint);
  expect([codes, wrong]).toEqual([[null], 0]);
  expect(changed).toEqual([{ domain: 'b.example', pinned, fingerprint, messages: 1 }]);
});

test('not by a statement from before the one that was seen: it lists devices that he has revoked', async () => {
  const bob = await someone('bob', 'b.example', 40, other);
  const pins = { 'b.example': keyB, [bob.uniform]: bob.identity };
  expect((await verdict(bob, pins, ada, 1_000_000)).codes).toEqual(['_stale_statement']);
});

test('where nobody met him under the key before, nobody can say whose it is: it is neither his nor forged', async () => {
  const bob = await someone('bob', 'b.example', 40, other);
  expect(await verdict(bob, { 'b.example': keyB })).toMatchObject({
    codes: [UNJUDGED],
    signed: 0,
    unjudged: 1,
    wrong: 0,
  });
});

test('not where another key of his own was pinned, whatever his domain says', async () => {
  const bob = await someone('bob', 'b.example', 40, other);
  expect(await judged(bob, { [bob.uniform]: keyB })).toEqual(['_trust_changed_key']);
  await rm(folder, { recursive: true });
  expect(await judged(bob, { 'b.example': keyB, [bob.uniform]: keyB })).toEqual(['_trust_changed_key']);
});

test('what is said in the name of whose export it is counts by the key in export.json', async () => {
  const forged = await someone('ada', 'a.example', 70, keyA);
  expect(await judged(forged, {}, forged)).toEqual(['_trust_changed_key']);
});
