/** The bytes of docs/spec/mailbox.md: ours are the vectors', and so are those of test/services/mailbox.py, which was written from the page alone. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { suite } from '../../server/suite.ts';
import { isSigned, nameOf, signValue } from '../../services/mailbox/address.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { isOver, parseRow, renderRow } from '../../services/mailbox/row.ts';
import { digestOf, findWork } from '../../services/work.ts';
import { madeAgain } from '../python.ts';

interface Vector {
  readonly seed: string;
  readonly text: string;
  readonly address: string;
  readonly name: string;
  readonly proof: string;
  readonly day: number;
  readonly row: string;
  readonly hour: number;
  readonly bits: number;
  readonly work: string;
}

const file = new URL('../vectors/mailbox/values.json', import.meta.url);
const { domain, values } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly domain: string;
  readonly values: readonly Vector[];
};

test.each(values)('the value "$text"', ({ seed, text, address, name, proof, day, row, hour, bits, work }) => {
  const value = new Uint8Array(mailboxLimits.valueBytes);
  new TextEncoder().encodeInto(text, value);
  const signed = signValue(suite, bytesOfHex(seed)!, value);
  expect([hexOf(signed.address), hexOf(signed.proof)]).toEqual([address, proof]);
  expect(isSigned(suite, signed)).toBe(true);
  expect(hexOf(nameOf(suite, signed.address))).toBe(name);
  const rendered = renderRow({ day, ...signed });
  expect(hexOf(digestOf(suite, rendered))).toBe(row);
  expect(parseRow(rendered)).toEqual({ day, proof: signed.proof, value });
  expect(parseRow(rendered.subarray(1))).toBeNull();
  expect([30, 31].map((days) => isOver({ day }, day + days, mailboxLimits.valueDays))).toEqual([false, true]);
  const subject = { service: 'mailbox', domain, name: bytesOfHex(name)!, digest: digestOf(suite, value) } as const;
  expect(hexOf(findWork(suite, subject, bits, hour * 3_600_000, 0, 1e6)!)).toBe(work);
});

madeAgain('services/mailbox.py', 'vectors/mailbox/values.json', '2 values\n');
