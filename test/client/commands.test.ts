/** The commands of people as somebody types them, over TLS, against a home that has one place and one inhabitant. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedBy } from '../../circuit/exporting.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { Listener } from '../../server/transport/listen.ts';
import { systemTimers } from '../../server/transport/timers.ts';
import type { ByteStream } from '../../server/transport/stream.ts';
import { transportLimits } from '../../server/transport/limits.ts';
import { credentials, silent } from '../server/transport/fixture.ts';
import { root, run } from '../house/fixture.ts';
import { domainKey, type HeardPacket, Home } from './home.ts';

const hall = 'psyc://a.example/@hall';
const now = Math.floor(Date.now() / 1000);
const folder = mkdtempSync(join(realpathSync(tmpdir()), 'p3do-commands-'));
let key: SecretKey;
let otherKey: SecretKey;
let listener: Listener;

/** The place's log, and what is known of its only member. */
const log: HeardPacket[] = [];
const keys: Record<'key' | 'statement', Uint8Array> = { key: new Uint8Array(0), statement: new Uint8Array(0) };
/** The drawers that were stored. */
const stored: (string | undefined)[] = [];
let isListening = true;

beforeAll(async () => {
  key = await domainKey('a.example', 10, now);
  otherKey = await domainKey('a.example', 50, now);
});
afterEach(() => listener.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A home that answers at once. */
function hears(home: Home, heard: HeardPacket): void {
  const { method } = heard.packet;
  if (method === '_request_context_status') {
    home.answer(heard, '_status_context', { _mode: 'public', _topic: 'tea', _sequence: '1' });
  } else if (method === '_request_context_enter') home.answer(heard, '_echo_context_enter', { _amount_members: '1' });
  else if (method === '_message_public' && heard.routing.get('_target') === hall) {
    log.push(heard);
    home.answer(heard, '_echo_message_public', { _sequence: String(log.length) });
  } else if (method === '_request_keys') {
    const key_domain = home.key.certificate.bytes;
    home.answer(heard, '_status_keys', { _key: keys.key, _statement: keys.statement, _key_domain: key_domain });
  } else if (method === '_request_retrieve') home.answer(heard, '_echo_retrieve', { _version: '0' });
  else if (method === '_request_store') {
    stored.push(heard.packet.text('_name'));
    home.answer(heard, '_echo_store', { _version: '1' });
  } else if (method === '_request_history') {
    const to = { _target: heard.routing.get('_source')! };
    for (const [at, row] of log.entries()) home.multicast(row, hall, at + 1, to);
    home.answer(heard, '_echo_history', { _after: String(log.length), _sequence: String(log.length) });
  }
}

/** One circuit of the home. */
function host(domain: SecretKey, stream: ByteStream): void {
  const exported = exportedBy((label, context) => stream.channel.exportKey(label, context))!;
  const home = new Home('a.example', domain, { exported: () => exported, now, hears });
  const flush = async (): Promise<void> => {
    const { bytes, isClosed } = await home.take();
    if (home.certified !== null) keys.key = home.certified;
    for (const proof of home.proofs) if (proof.kind === 'device') keys.statement = proof.evidence.statement!;
    for (const chunk of bytes) stream.write(chunk);
    if (isClosed) stream.end();
    const login = home.proofs.find((proof) => proof.kind === 'device');
    if (login?.kind !== 'device' || !isListening || /-\d+$/.test(login.channel)) return;
    isListening = false;
    for (const [at, row] of log.entries()) home.multicast(row, hall, at + 1);
    await flush();
  };
  home.connect(1);
  stream.carry({
    bytes(bytes) {
      home.hear(new Uint8Array(bytes));
      void flush();
    },
    drained() {},
    ended: () => stream.end(),
    failed() {},
  });
}

async function open(domain: SecretKey): Promise<void> {
  listener = await Listener.open({
    hosts: ['127.0.0.1'],
    port: 0,
    credentials,
    timers: systemTimers,
    log: silent,
    limits: transportLimits,
    accept: (stream) => host(domain, stream),
  });
}

const p3do = (...args: string[]) =>
  run(process.execPath, [join(root, 'bin/p3do.js'), ...args], {
    env: { P3DO_HOME: folder, P3DO_PASSPHRASE: 'correct horse' },
  });

const server = (): string[] => ['--server', `127.0.0.1:${listener.addresses[0]!.port}`];

describe('one after the other', () => {
  test('register, enter, say, history, listen', async () => {
    await open(key);
    const registered = await p3do('register', 'ada@a.example', ...server());
    expect(registered).toMatchObject({ status: 0, stdout: 'registered ada@a.example\n' });
    const { fingerprint } = key.certificate.key;
    expect(registered.stderr).toBe(`p3do register: first key of a.example, taken and pinned: ${fingerprint}\n`);
    expect(await p3do('register', 'ada@a.example')).toMatchObject({ stdout: 'ada@a.example was registered already\n' });

    const mistyped = join(folder, 'mistyped');
    writeFileSync(mistyped, 'corect horse\n');
    expect(await p3do('register', 'ada@a.example', '--passphrase-file', mistyped)).toMatchObject({
      status: 1,
      stderr: 'p3do: the passphrase is wrong (_wrong_passphrase)\n',
    });

    expect(await p3do('enter', '@hall@a.example')).toEqual({
      status: 0,
      stdout: 'entered @hall@a.example, 1 member\n',
      stderr: '',
    });
    expect(stored).toEqual(['places']);
    const said = await Promise.all([
      p3do('say', '@hall@a.example', 'good', 'morning'),
      p3do('say', hall, '\u001b[2Jhi\nx'),
    ]);
    for (const { stdout } of said) expect(stdout).toBe('stored at a.example\n');
    expect(log.map(({ routing }) => routing.get('_counter'))).toEqual(['2', '3']);

    const { stdout: page } = await p3do('history', '@hall@a.example', '--json');
    const lines = page
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ kind, word, text }) => [kind, word, text])).toEqual(
      expect.arrayContaining([
        ['heard', { kind: 'author' }, 'good morning'],
        ['heard', { kind: 'author' }, '\u001b[2Jhi\nx'],
        ['page', undefined, undefined],
      ]),
    );
    const heard = await p3do('listen', '--count', '2', '--timeout', '30');
    expect(heard).toMatchObject({ status: 0, stderr: 'p3do listen: listening as ada@a.example\n' });
    expect(heard.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d @hall@a\.example ada@a\.example: good morning$/m);
    expect(heard.stdout).toContain('\\u001b[2Jhi\n    x\n');
    const state = JSON.parse(readFileSync(join(folder, 'people/ada@a.example/state'), 'utf8')) as {
      hearing: { places: Record<string, number> };
    };
    expect(state.hearing.places[hall]).toBe(2);
  });

  test('another key at the same domain is refused, and nothing is said', async () => {
    await open(otherKey);
    const { length } = log;
    const refused = await p3do('register', 'ada@a.example', ...server());
    expect(refused).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^p3do register: a\.example: its key is another .* \(_trust_changed_key\)\n$/),
    });
    expect(await p3do('say', '@hall@a.example', 'x')).toMatchObject({ status: 1, stdout: '' });
    expect(log).toHaveLength(length);
    const { fingerprint } = otherKey.certificate.key;
    const { stdout } = await p3do('trust', 'a.example', fingerprint.toUpperCase().replace(/.{4}/g, '$& '));
    expect(stdout).toBe(`pinned for a.example: ${fingerprint}, and no more ${key.certificate.key.fingerprint}\n`);
    expect(await p3do('say', '@hall@a.example', 'x')).toMatchObject({ status: 0, stdout: 'stored at a.example\n' });
    log.length = 0;
    const nothing = { status: 0, stdout: '', stderr: 'p3do history: no rows after 7\n' };
    expect(await p3do('history', '@hall@a.example', '--after', '7')).toEqual(nothing);
    // Until somebody drops it, what nobody answers is pending.
    expect(await p3do('say', '@deaf@a.example', 'x', '--timeout', '1')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/@deaf@a\.example has not answered yet; .*p3do pending/),
    });
    expect((await p3do('pending')).stdout).toBe('not answered: say @deaf@a.example x\n');
    expect((await p3do('pending', '@deaf@a.example', '--drop')).stdout).toBe('dropped: say @deaf@a.example x\n');
    expect(await p3do('pending')).toEqual({ status: 0, stdout: '', stderr: 'p3do pending: everything was answered\n' });
  });

  test('a server of another domain is named, and not tried again', async () => {
    await open(key);
    const refused = await p3do('register', 'ada@b.example', ...server());
    expect(refused).toEqual({
      status: 1,
      stdout: '',
      stderr: 'p3do register: that server is a.example: look at --server (_proof_foreign_source)\n',
    });
  });

  test('what is not UTF-8 is not said', async () => {
    await open(key);
    const say = `printf '\\303' | node ${join(root, 'bin/p3do.js')} say @hall@a.example - --as ada@a.example --json`;
    expect(await run('bash', ['-c', say], { env: { P3DO_HOME: folder } })).toEqual({
      status: 1,
      stdout: '{"kind":"failed","code":"_input_invalid","text":"standard input is not UTF-8"}\n',
      stderr: 'p3do say: standard input is not UTF-8\n',
    });
  });
});
