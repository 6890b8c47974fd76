/** Proofs as packets: they come back as they were, and nothing else is taken for one. */
import { describe, expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import type { DeviceClaim } from '../../circuit/binding.ts';
import { ProofError } from '../../circuit/proof-errors.ts';
import { parseProof, type ProofMessage, renderProof } from '../../circuit/proof-packet.ts';
import { render, type Value } from '../../psyc/render.ts';

const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
const keys = { fingerprint: fill(0xaa, 20), peerFingerprint: fill(0xbb) };
const unknown = { fingerprint: fill(0xaa), peerFingerprint: null };
const signature = fill(0x51, 64);
const nothing = { key: null, statement: null };
const person: DeviceClaim = { person: 'psyc://a.example/~ada', device: fill(0xde, 16), to: 'b.example', ...unknown };
const answer = { origin: 'https://b.example:8443', challenge: fill(10), timeMs: 1_760_000_000_000 };

const channel = 'psyc://a.example/~ada#dededededededede';

const messages: ProofMessage[] = [
  { kind: 'server request' },
  {
    kind: 'server',
    claim: { role: 'initiator', from: 'a.example', to: 'b.example', ...keys },
    signature,
    evidence: nothing,
  },
  {
    kind: 'server',
    claim: { role: 'host', from: 'localhost', to: '', ...unknown },
    signature,
    evidence: { key: fill(10, 999), statement: null },
  },
  {
    kind: 'server',
    claim: { role: 'acceptor', from: 'a.example', to: 'b.example', ...keys },
    signature,
    evidence: {
      key: fill(10, 999),
      statement: fill(11, 300),
      earlier: [
        { statement: fill(1, 300), key: fill(2, 900), recovery: null },
        { statement: fill(3, 300), key: fill(4, 900), recovery: fill(5, 400) },
      ],
    },
  },
  { kind: 'device', channel, claim: person, signature, evidence: { key: fill(0, 65_536), statement: fill(10, 1) } },
  { kind: 'browser', channel: `${channel}-1`, claim: person, answer, signature, evidence: nothing },
  { kind: 'challenge request' },
  { kind: 'challenge', challenge: fill(10) },
  { kind: 'registration', person: person.person, key: fill(1, 900), statement: fill(2, 400), invite: null },
  { kind: 'registration', person: person.person, key: fill(1), statement: fill(10), invite: 'mfrggzdfmztwq2lk' },
  { kind: 'registered', person: person.person, key: fill(10, 1000), statement: null },
  { kind: 'registered', person: person.person, key: fill(10, 1000), statement: fill(11, 300) },
  { kind: 'proved', uniform: 'psyc://a.example', key: null, statement: null },
  { kind: 'proved', uniform: 'psyc://a.example/~ada', key: null, statement: null },
  { kind: 'proved', uniform: 'psyc://a.example/~ada', key: fill(10, 1000), statement: fill(11, 500) },
];

test.each(messages.map((message) => [message.kind, message] as const))('%s', (_, message) => {
  expect(parseProof(parseOne(renderProof(message)))).toEqual(message);
});

test('another method is no proof', () => {
  expect(parseProof(parseOne(render({ method: '_request_login_other' })))).toBeNull();
  expect(parseProof(parseOne(render({ routing: { _tag: 'x' } })))).toBeNull();
});

describe('refused', () => {
  const server: Record<string, Value> = {
    _role: 'initiator',
    _uniform_source: 'psyc://a.example',
    _uniform_target: 'psyc://b.example',
    _fingerprint: 'aa'.repeat(20),
    _signature: signature,
  };
  const device: Record<string, Value> = {
    ...server,
    _uniform_source: person.person,
    _device: 'de'.repeat(16),
    _channel: channel,
    _origin: 'https://b.example',
    _challenge: fill(1),
    _time: '5',
  };
  const registration = { _uniform_source: person.person, _key: fill(1), _statement: fill(2) };
  const cases: [string, string, Record<string, Value | undefined>][] = [
    ['no role', '_notice_proof_server', { ...server, _role: undefined }],
    ['a role of devices', '_notice_proof_server', { ...server, _role: 'device' }],
    ['no domain', '_notice_proof_server', { ...server, _uniform_source: undefined }],
    ['a person for a server', '_notice_proof_server', { ...server, _uniform_source: person.person }],
    ['an address for a domain', '_notice_proof_server', { ...server, _uniform_source: 'psyc://192.0.2.1' }],
    ['a NUL in the domain', '_notice_proof_server', { ...server, _uniform_source: 'psyc://a.example\0b' }],
    ['upper case in the domain', '_notice_proof_server', { ...server, _uniform_source: 'psyc://A.example' }],
    ['a short fingerprint', '_notice_proof_server', { ...server, _fingerprint: 'aa' }],
    ['upper case in the fingerprint', '_notice_proof_server', { ...server, _fingerprint: 'AA'.repeat(20) }],
    ['an empty fingerprint expected', '_notice_proof_server', { ...server, _fingerprint_target: '' }],
    ['a short signature', '_notice_proof_server', { ...server, _signature: fill(1, 63) }],
    ['no signature', '_notice_proof_server', { ...server, _signature: undefined }],
    ['steps that are no list', '_notice_proof_server', { ...server, _list_rotations: '9 short' }],
    ['a step without its key', '_notice_proof_server', { ...server, _list_rotations: '|a|b|c|d' }],
    ['over stepsMax steps', '_notice_proof_server', { ...server, _list_rotations: '|a|b|'.concat('|a|b|'.repeat(7)) }],
    ['a server for a person', '_request_login', { ...device, _uniform_source: 'psyc://a.example' }],
    ['a channel of a person', '_request_login', { ...device, _uniform_source: `${person.person}#x` }],
    ['a place for a person', '_request_login', { ...device, _uniform_source: 'psyc://a.example/@hall' }],
    ['no channel', '_request_login', { ...device, _channel: undefined }],
    ['a person for a channel', '_request_login', { ...device, _channel: person.person }],
    ['upper case in the channel', '_request_login', { ...device, _channel: channel.toUpperCase() }],
    ['a registration without a key', '_request_registration', { ...registration, _key: undefined }],
    ['a registration without a statement', '_request_registration', { ...registration, _statement: undefined }],
    [
      'a registration of a place',
      '_request_registration',
      { ...registration, _uniform_source: 'psyc://a.example/@hall' },
    ],
    ['an empty invitation', '_request_registration', { ...registration, _invite: '' }],
    ['a long invitation', '_request_registration', { ...registration, _invite: 'x'.repeat(65) }],
    ['registered without a key', '_notice_registered', { _uniform_proved: person.person }],
    ['a node registered', '_notice_registered', { _uniform_proved: 'psyc://a.example', _key: fill(1) }],
    ['a short device', '_request_login', { ...device, _device: 'de' }],
    ['no domain to visit', '_request_login', { ...device, _uniform_target: undefined }],
    ['no origin', '_request_login_browser', { ...device, _origin: undefined }],
    ['the origin of a file', '_request_login_browser', { ...device, _origin: 'null' }],
    ['a long origin', '_request_login_browser', { ...device, _origin: `https://${'x'.repeat(512)}` }],
    ['a short challenge', '_request_login_browser', { ...device, _challenge: fill(1, 31) }],
    ['a time with a blank', '_request_login_browser', { ...device, _time: ' 5' }],
    ['no challenge', '_notice_challenge', {}],
    ['nobody proved', '_notice_proved', { _uniform_proved: 'psyc://a.example/' }],
  ];
  const codeOf = (bytes: Uint8Array): string | null => {
    try {
      parseProof(parseOne(bytes));
      return null;
    } catch (error) {
      if (error instanceof ProofError) return error.code;
      throw error;
    }
  };

  test.each(cases)('%s', (_, method, entity) => {
    expect(codeOf(render({ method, entity }))).toBe('_proof_invalid_message');
  });

  test('a variable twice, or not set for this packet alone', () => {
    const lines = Object.entries(server).map(([name, value]) => ({ operator: ':' as const, name, value }));
    expect(codeOf(render({ method: '_notice_proof_server', entity: lines }))).toBeNull();
    const twice = [...lines, lines[0]!];
    expect(codeOf(render({ method: '_notice_proof_server', entity: twice }))).toBe('_proof_invalid_message');
    const assigned = lines.map((line, index) => (index === 0 ? { ...line, operator: '=' as const } : line));
    expect(codeOf(render({ method: '_notice_proof_server', entity: assigned }))).toBe('_proof_invalid_message');
  });
});
