/** The domain's TXT record: vectors, hostile ones among them, and that what is rendered is read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dnsRecordLimits } from '../../pki/dns-limits.ts';
import { type DomainRecord, parseRecord, renderRecord, stringsOf } from '../../pki/dns-record.ts';
import { agreed, type DnsStatement, statementOf } from '../../pki/dns-statement.ts';
import { PkiError } from '../../pki/error.ts';
import { encodeText } from '../../psyc/bytes.ts';

type Vectors = {
  valid: { text: string; record: DomainRecord; rendered: string }[];
  foreign: { what: string; text: string }[];
  invalid: { what: string; text: string; code: string }[];
};
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/pki/dns-records.json', import.meta.url), 'utf8'),
) as Vectors;

const A = 'e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4';
const B = '0123456789abcdef0123456789abcdef01234567';
const NOW = 1_800_000_000;
const parse = (text: string): DomainRecord | null => parseRecord(stringsOf(text));
const txt = (text: string): Uint8Array[] => stringsOf(text);
const refused = (code: string): unknown => expect.objectContaining({ code });

describe('a record', () => {
  test.each(vectors.valid)('$text', ({ text, record, rendered }) => {
    expect(parse(text)).toEqual(record);
    expect(renderRecord(record)).toBe(rendered);
    // However its strings are cut.
    const bytes = encodeText(text);
    for (let at = 0; at <= bytes.length && bytes.length < 256; at++) {
      expect(parseRecord([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(record);
    }
  });

  test.each(vectors.foreign)('of somebody else: $what', ({ text }) => {
    expect(parse(text)).toBeNull();
  });

  test.each(vectors.invalid)('void: $what', ({ text, code }) => {
    expect(() => parse(text)).toThrow(refused(code));
  });

  test('bytes that are no UTF-8 void it, or make it somebody else’s', () => {
    const bad = Uint8Array.from([...encodeText(`v=P3DO1; fpr=${A}; seq=1; n=`), 0xff]);
    expect(() => parseRecord([bad])).toThrow(refused('_invalid_record'));
    expect(parseRecord([Uint8Array.from([0xff]), encodeText('v=P3DO1')])).toBeNull();
    expect(parseRecord([])).toBeNull();
  });

  test('a string of 300 bytes, which no DNS message can hold', () => {
    const long = encodeText(`v=P3DO1; fpr=${A}; seq=1; n=`.padEnd(300, 'x'));
    expect(() => parseRecord([long])).toThrow(refused('_invalid_record'));
    expect(parseRecord([long.subarray(0, 255), long.subarray(255)])).toMatchObject({ fpr: A });
  });

  test('as long as it may be, and one byte longer', () => {
    const text = `v=P3DO1; fpr=${A}; seq=1; n=`.padEnd(dnsRecordLimits.recordBytesMax, 'x');
    expect(parse(text)).toMatchObject({ seq: 1 });
    expect(() => parse(`${text}x`)).toThrow(refused('_oversized_record'));
  });

  test('whatever the bytes are, it is read, somebody else’s, or refused with a code', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(';', '=', 'fpr', A, ' ', 'ks', ','),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 12 }), (parts) => {
        try {
          parse(`v=P3DO1; ${parts.join('')}`);
        } catch (error) {
          expect(error).toBeInstanceOf(PkiError);
        }
      }),
    );
  });

  test('what is rendered is read', () => {
    const hex = (length: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
    const fingerprint = fc.oneof(hex(40), hex(64));
    const server = fc
      .tuple(
        fc.constantFrom('hkps', 'https'),
        fc.constantFrom('ks.example', 'a-b.example'),
        fc.constantFrom('', ':443', '/a%2Cb'),
      )
      .map(([scheme, host, rest]) => `${scheme}://${host}${rest}`);
    const number = fc.integer({ min: 1, max: 999_999_999_999_999 });
    const record = fc.record({
      fpr: fingerprint,
      nfpr: fc.option(fingerprint),
      seq: number,
      ks: fc.uniqueArray(server, { maxLength: dnsRecordLimits.keyServersMax }),
      x: fc.option(number),
      isTest: fc.boolean(),
    });
    fc.assert(fc.property(record, (said) => expect(parse(renderRecord(said))).toEqual(said)));
  });

  test('what no record can say is not rendered', () => {
    const record = { fpr: A, nfpr: null, seq: 1, ks: [], x: null, isTest: false };
    expect(() => renderRecord({ ...record, fpr: 'g' })).toThrow(refused('_invalid_tag'));
    expect(() => renderRecord({ ...record, seq: 0 })).toThrow(refused('_invalid_tag'));
    expect(() => renderRecord({ ...record, ks: ['https://a.example/;v=P3DO1'] })).toThrow(PkiError);
  });
});

describe('a statement', () => {
  const one = txt(`v=P3DO1; fpr=${A}; seq=1`);

  test('of no record, of others’ records, of one for trying: none', () => {
    expect(statementOf([], true, NOW)).toEqual({ kind: 'none', secure: true });
    expect(statementOf([txt('v=spf1 -all')], false, NOW)).toEqual({ kind: 'none', secure: false });
    expect(statementOf([txt(`v=P3DO1; fpr=${A}; seq=1; t=y`)], false, NOW)).toEqual({ kind: 'none', secure: false });
  });

  test('of one among others’, also twice', () => {
    const said = { kind: 'record', fpr: A, seq: 1, secure: true };
    expect(statementOf([txt('google-site'), one, one], true, NOW)).toMatchObject(said);
  });

  test.each([
    ['another key', `v=P3DO1; fpr=${B}; seq=1`],
    ['the same key in other words', `v=P3DO1;fpr=${A};seq=1`],
    ['a void one', `v=P3DO1; fpr=${A}1; seq=1`],
    ['one for trying', `v=P3DO1; fpr=${A}; seq=1; t=y`],
  ])('beside %s: ambiguous, whichever came first', (_, other) => {
    const ambiguous = { kind: 'ambiguous', code: '_ambiguous_record', secure: false };
    expect(statementOf([one, txt(other)], false, NOW)).toEqual(ambiguous);
    expect(statementOf([txt(other), one], false, NOW)).toEqual(ambiguous);
  });

  test('of one that is void, and of one that has ended, to the second', () => {
    const code = (text: string): unknown => statementOf([txt(text)], false, NOW);
    expect(code('v=P3DO1')).toEqual({ kind: 'ambiguous', code: '_missing_tag', secure: false });
    expect(code(`v=P3DO1; fpr=${A}; seq=1; x=${NOW}`)).toMatchObject({ code: '_expired_record' });
    expect(code(`v=P3DO1; fpr=${A}; seq=1; x=${NOW + 1}`)).toMatchObject({ kind: 'record', x: NOW + 1 });
  });

  test('of two resolvers: what both say', () => {
    const a: DnsStatement = statementOf([one], false, NOW);
    const secure: DnsStatement = statementOf([one], true, NOW);
    const b: DnsStatement = statementOf([txt(`v=P3DO1; fpr=${B}; seq=1`)], true, NOW);
    const none: DnsStatement = { kind: 'none', secure: false };
    expect(agreed(a, secure)).toEqual(secure);
    expect(agreed(secure, a)).toEqual(secure);
    expect(agreed(a, a)).toEqual(a);
    expect(agreed(none, none)).toEqual(none);
    for (const other of [b, none]) {
      expect(agreed(a, other)).toEqual({ kind: 'differing' });
      expect(agreed(other, a)).toEqual({ kind: 'differing' });
    }
    for (const kind of ['timeout', 'bogus'] as const) {
      expect(agreed(a, { kind })).toEqual({ kind });
      expect(agreed({ kind }, a)).toEqual({ kind });
    }
  });
});
