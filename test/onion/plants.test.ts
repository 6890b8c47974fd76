/** Bugs planted in the suite, one at a time, and the check that catches each: no property above holds by accident. */
import { expect, test } from '@jest/globals';
import type { Suite } from '../../crypto/suite.ts';
import { newPair } from '../../onion/keys.ts';
import { suite } from '../../server/suite.ts';
import {
  arrives,
  comesBack,
  diesAtNextHop,
  isPrimeOrderPoint,
  refusesChanges,
  sorts,
  stationsOf,
  worstChiSquare,
} from './properties.ts';
import { readVectors, type RouteVector, sealVector, digestOf } from './vectors.ts';

const hop = (kind: 'server' | 'user' | 'one-time', delayMs = 0) => ({ kind, isDeposit: false, delayMs });
const all = (first: number, length: number) => Array.from({ length: 8 * length }, (_, bit) => 8 * first + bit);

const checks: Readonly<Record<string, (planted: Suite) => void>> = {
  arrival: (planted) => arrives(planted, stationsOf(planted, [hop('server', 10), hop('user')]), new Uint8Array([7])),
  answer: (planted) => comesBack(planted, 3, new Uint8Array([7])),
  changes: (planted) => {
    const [station] = stationsOf(planted, [hop('server')]);
    refusesChanges(planted, station!, null, [...all(96, 40), ...all(140, 30), ...all(634, 40)]);
  },
  envelope: (planted) => {
    const [station] = stationsOf(planted, [hop('server')]);
    refusesChanges(planted, station!, newPair(planted, planted.random), [...all(0, 140), ...all(4090, 6)]);
  },
  hop: (planted) => {
    const [first, second] = stationsOf(planted, [hop('server'), hop('one-time')]);
    diesAtNextHop(planted, [first!, second!], all(0, 600));
  },
  points: (planted) => {
    for (const sort of Object.values(sorts)) {
      const cell = sort(planted);
      isPrimeOrderPoint(cell.subarray(0, 32));
      isPrimeOrderPoint(cell.subarray(96, 128));
    }
  },
  looks: (planted) => {
    const cells = Array.from({ length: 1024 }, (_, index) => Object.values(sorts)[index % 5]!(planted));
    const worst = worstChiSquare(cells, [31, 127]);
    if (worst > 8) throw new Error(`${worst} standard deviations from uniform`);
  },
  vectors: (planted) => {
    const { routes } = readVectors<{ routes: RouteVector[] }>('routes.json');
    for (const route of routes) {
      const digest = digestOf(suite, sealVector(planted, route).onion);
      if (digest !== route.cells[0]!.onionDigest) throw new Error(`another onion: ${route.name}`);
    }
  },
};

/** The bugs: what they do, and which checks must notice. */
const plants: readonly (readonly [string, Partial<Suite>, readonly (keyof typeof checks)[]])[] = [
  ['macs and seals are not compared', { equal: () => true }, ['changes', 'hop']],
  [
    'the envelope’s tag does not cover what goes with it',
    {
      chacha20poly1305Seal: (key, nonce, text) => suite.chacha20poly1305Seal(key, nonce, text, new Uint8Array(0)),
      chacha20poly1305Open: (key, nonce, sealed) => suite.chacha20poly1305Open(key, nonce, sealed, new Uint8Array(0)),
    },
    ['envelope'],
  ],
  ['a fresh key is random bytes', { x25519PublicKey: (secret) => suite.blake2b(secret, 32) }, ['points', 'looks']],
  ['chance gives zeros', { random: (length) => new Uint8Array(length) }, ['looks']],
  ['the hash ignores its key', { blake2b: (message, bytes) => suite.blake2b(message, bytes) }, ['vectors']],
  [
    'the hash sees the first 100 bytes only',
    { blake2b: (message, bytes, key) => suite.blake2b(message.subarray(0, 100), bytes, key) },
    ['changes', 'hop', 'vectors'],
  ],
  [
    'nothing is enciphered',
    { chacha20: (_key, _nonce, message) => message.slice(), chacha20InPlace: () => undefined },
    ['looks', 'vectors'],
  ],
  [
    'one half of the body stays as it is',
    {
      chacha20InPlace(key, nonce, bytes) {
        if (bytes.length < 3000) suite.chacha20InPlace(key, nonce, bytes);
      },
    },
    ['looks', 'vectors'],
  ],
  ['a hint is the key’s id', { aes256Ecb: (_key, blocks) => new Uint8Array(blocks.length) }, ['vectors']],
];

test('without a bug, all checks hold', () => {
  for (const check of Object.values(checks)) check(suite);
});

test.each(plants)('%s', (_, bug, noticing) => {
  for (const name of noticing) expect(() => checks[name]!({ ...suite, ...bug })).toThrow(/./);
});
