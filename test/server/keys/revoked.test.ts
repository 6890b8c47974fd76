/** An admin takes back what his domain says of a person, and says it again: who is let in, what others are told, what GnuPG makes of it. */
import { afterEach, expect, test } from '@jest/globals';
import { channelOf } from '../../../circuit/channel.ts';
import { readArmouredCertificate, readCertificate } from '../../../pki/certificate.ts';
import { certStatus } from '../../../pki/certification.ts';
import { render } from '../../../psyc/render.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { type Outcome, run } from '../../house/fixture.ts';
import { inGpgHome, withGpg } from '../../pki/gpg.ts';
import { imported, validity } from '../../pki/validity.ts';
import { Undoing } from '../../undoing.ts';
import { newSpeakerKeys, Speaker, type SpeakerKeys } from '../node/speaker.ts';
import { command, type Served } from '../served.ts';
import { ask, serveKeys } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const ALICE = 'alice <alice@home.test>';
const seconds = (): number => Math.floor(Date.now() / 1000);

const p3do = ({ folder }: Served, ...args: string[]): Promise<Outcome> =>
  run(process.execPath, [command, 'key', ...args, '--folder', folder]);

/** What alice's home tells a stranger of her keys. */
async function toldBy(served: Served, whom: string, asker: SpeakerKeys): Promise<Uint8Array> {
  const speaker = await Speaker.open(served.endpoint, asker);
  speaker.peer.say(
    render({
      routing: { _source: channelOf(asker.person, asker.device), _target: whom, _tag: 'k1' },
      method: '_request_keys',
    }),
  );
  const packet = await speaker.method('_status_keys');
  speaker.close();
  return packet.value('_key')!;
}

async function withAlice() {
  const domain = await serveKeys(undoing, 'home.test');
  const { served } = domain;
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((nick) => newSpeakerKeys(nick, 'home.test')));
  const speaker = await Speaker.open(served.endpoint, alice!, { invite: null });
  (await Speaker.open(served.endpoint, bob!, { invite: null })).close();
  const own = (await readDomainKey(served.folder, 'home.test')).certificate;
  const status = async (key: Uint8Array): Promise<string> => {
    const verdict = await certStatus(await readCertificate(key), ALICE, own, seconds());
    return verdict.isValid ? 'valid' : verdict.code;
  };
  return { ...domain, alice: alice!, bob: bob!, speaker, own, status };
}

test('whom the domain revokes is out at once, stays out, and comes back when it says so', async () => {
  const { served, alice, bob, speaker, status } = await withAlice();
  expect(await status(await toldBy(served, alice.person, bob))).toBe('valid');
  expect(await p3do(served, 'revoke', 'alice')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^revoked alice@home\.test, key [0-9a-f]{40}: nobody is let in by it any more/),
  });
  await expect(speaker.until(() => false)).rejects.toThrow('_error_revoked_certification');
  await expect(Speaker.open(served.endpoint, alice)).rejects.toThrow('_revoked_certification');
  await expect(Speaker.open(served.endpoint, alice, { invite: null })).rejects.toThrow('_revoked_certification');
  expect(await status(await toldBy(served, alice.person, bob))).toBe('_revoked_certification');
  expect(await p3do(served, 'certify', 'alice@home.test', '--json')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^\{"kind":"certified","address":"alice@home\.test","fingerprint":"[0-9a-f]{40}"\}\n$/,
    ),
  });
  (await Speaker.open(served.endpoint, alice)).close();
  expect(await status(await toldBy(served, alice.person, bob))).toBe('valid');
});

test('what can go wrong', async () => {
  const { served } = await withAlice();
  expect(await p3do(served, 'revoke', 'nobody')).toMatchObject({
    status: 1,
    stderr: 'p3do: no key of nobody@home.test is on the ring (_keys_unknown)\n',
  });
  expect(await p3do(served, 'revoke', 'alice@other.test')).toMatchObject({ status: 2 });
  expect(await p3do(served, 'revoke', 'Alice!')).toMatchObject({ status: 2 });
  await served.stop();
  expect(await p3do(served, 'revoke', 'alice')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('(_keys_unreachable)'),
  });
});

withGpg('GnuPG', () => {
  test('agrees each time', async () => {
    const { served, keys, alice, speaker, own } = await withAlice();
    speaker.close();
    const { fingerprint } = (await readCertificate(alice.key)).key;
    for (const [word, letter] of [
      ['', 'f'],
      ['revoke', '-'],
      ['certify', 'f'],
      ['revoke', '-'],
    ] as const) {
      if (word !== '') expect(await p3do(served, word, 'alice')).toMatchObject({ status: 0 });
      const { body } = await ask(keys, `/pks/lookup?op=get&search=0x${fingerprint}`);
      const key = await readArmouredCertificate(body);
      expect((await certStatus(key, ALICE, own, seconds())).isValid).toBe(letter === 'f');
      await inGpgHome(async (gpg) => {
        await imported(gpg, seconds(), own.bytes, body);
        expect(await validity(gpg, seconds(), own, ALICE)).toBe(letter);
      });
    }
  });
});
