/** What an admin wants of other domains, as text: read as it is written, and line by line refused. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePolicy, type PolicyText, renderPolicy } from '../../federation/trust/policy-lines.ts';

const FPR = 'e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4';

test('lines in any order, with comments, blanks and line ends of others', () => {
  const text = `# from another admin\r\n\r\n  block   b.example # spam\r\nunknown closed\nlimit c.example\nallow a.example ${FPR.toUpperCase()}`;
  const policy = parsePolicy(text);
  expect(policy).toEqual({
    unknown: 'closed',
    lines: [
      { rule: 'block', domain: 'b.example', fingerprint: null },
      { rule: 'limit', domain: 'c.example', fingerprint: null },
      { rule: 'allow', domain: 'a.example', fingerprint: FPR },
    ],
  });
  expect(renderPolicy(policy as PolicyText)).toBe(
    `unknown closed\nallow a.example ${FPR}\nblock b.example\nlimit c.example\n`,
  );
});

test('nothing says nothing', () => {
  expect(parsePolicy('')).toEqual({ unknown: null, lines: [] });
  expect(renderPolicy({ unknown: null, lines: [] })).toBe('');
});

test.each([
  ['another rule', 'deny b.example'],
  ['a rule in capitals', 'Block b.example'],
  ['a rule without a domain', 'block'],
  ['no rule', 'b.example'],
  ['an address', 'block 192.0.2.1'],
  ['a person', 'block ada@b.example'],
  ['a uniform', 'block psyc://b.example'],
  ['a domain in capitals', 'block B.example'],
  ['39 digits', `allow b.example ${FPR.slice(1)}`],
  ['41 digits', `allow b.example ${FPR}0`],
  ['a fingerprint in groups', `allow b.example ${FPR.slice(0, 20)} ${FPR.slice(20)}`],
  ['another letter', `allow b.example ${FPR.replace('e', 'g')}`],
  ['something behind', `allow b.example ${FPR} forever`],
  ['half a default', 'unknown'],
  ['another default', 'unknown ask'],
])('%s: the number of its line', (_, line) => {
  expect(parsePolicy(`# one\nblock a.example\n${line}\nblock c.example\n`)).toBe(3);
});

test('what is rendered is read again, in the order of names', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const line = fc.record({
    rule: fc.constantFrom('allow', 'limit', 'block'),
    domain: fc.tuple(label, label).map((labels) => labels.join('.')),
    fingerprint: fc.option(fc.stringMatching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)),
  });
  const policy = fc.record({
    unknown: fc.constantFrom('open', 'closed', null),
    lines: fc.uniqueArray(line, { selector: ({ domain }) => domain, maxLength: 20 }),
  });
  fc.assert(
    fc.property(policy, (said) => {
      const read = parsePolicy(renderPolicy(said));
      const sorted = said.lines.toSorted((a, b) => (a.domain < b.domain ? -1 : 1));
      expect(read).toEqual({ unknown: said.unknown, lines: sorted });
    }),
  );
});
