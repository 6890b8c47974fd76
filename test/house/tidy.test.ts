/** Each tidy rule, shown a small tree that is tidy and one that is not. */
import { describe, expect, test } from '@jest/globals';
import { anchors } from '../tidy/anchors.ts';
import { arithmetic } from '../tidy/arithmetic.ts';
import { errors } from '../tidy/errors.ts';
import { imports } from '../tidy/imports.ts';
import { length } from '../tidy/length.ts';
import { limits } from '../tidy/limits.ts';
import { lockfile } from '../tidy/lockfile.ts';
import { machine } from '../tidy/machine.ts';
import { mentions } from '../tidy/mentions.ts';
import { naming } from '../tidy/naming.ts';
import { opening } from '../tidy/opening.ts';
import { readme } from '../tidy/readme.ts';
import type { Rule } from '../tidy/tree.ts';
import { vectors } from '../tidy/vectors.ts';
import { portable } from '../tidy/portable.ts';

type Files = Record<string, string>;

/** Cases of one rule: a name, the files, and what the rule says; nothing when the tree is tidy. */
function shows(rule: Rule, cases: [string, Files, string[]][]): void {
  test.each(cases)('%s', (_, files, complaints) => expect(rule(new Map(Object.entries(files)))).toEqual(complaints));
}

describe('length', () => {
  shows(length, [
    ['400 lines', { 'psyc/a.ts': '//\n'.repeat(400) }, []],
    ['401 lines', { 'psyc/a.ts': '//\n'.repeat(401) }, ['psyc/a.ts: 401 lines, 400 are allowed']],
    [
      'the last line without its end',
      { 'bin/a.js': `${'//\n'.repeat(400)}//` },
      ['bin/a.js: 401 lines, 400 are allowed'],
    ],
    ['data and documents', { 'test/vectors/a.ts': '\n'.repeat(401), 'docs/a.md': '\n'.repeat(401) }, []],
  ]);
});

describe('opening', () => {
  shows(opening, [
    [
      'a doc comment, also after the line for the shell',
      { 'a.ts': '/** A. */', 'a.js': '#!/usr/bin/env node\n/** A. */' },
      [],
    ],
    ['an import', { 'psyc/a.ts': "import 'x';\n/** A. */" }, ['psyc/a.ts: opens without a sentence on its concept']],
    ['an empty comment', { 'psyc/a.ts': '/**\n */' }, ['psyc/a.ts: opens without a sentence on its concept']],
  ]);
});

describe('naming', () => {
  shows(naming, [
    ['nouns of the field', { 'psyc/packet.ts': 'export const database = 1;\nexport class Baseline {}' }, []],
    ['a file', { 'psyc/parse-utils.ts': '' }, ['psyc/parse-utils.ts: is named by an empty word']],
    ['a folder', { 'common/a.ts': '' }, ['common/a.ts: is named by an empty word']],
    ['a class', { 'a.ts': 'export class CircuitManager {' }, ['a.ts: CircuitManager is named by an empty word']],
    ['a function', { 'a.ts': 'export async function helpers() {}' }, ['a.ts: helpers is named by an empty word']],
  ]);
});

describe('imports', () => {
  shows(imports, [
    ['its own folder', { 'psyc/a.ts': "import { b } from './b.ts';" }, []],
    ['what the table grants', { 'onion/a.ts': "import type { b } from '../psyc/b.ts';" }, []],
    ['a folder below', { 'server/postgres/a.ts': "import '../../store/b.ts';" }, []],
    ['anything, in tests', { 'test/psyc/a.ts': "import { b } from '../../cli/b.ts';\nimport '../../psyc/b.ts';" }, []],
    [
      'what only a reference of a reference grants',
      { 'simulator/a.ts': "import { b } from '../client/b.ts';", 'client/a.ts': "export * from '../store/b.ts';" },
      [
        'simulator/a.ts: imports ../client/b.ts, and simulator may not lean on client',
        'client/a.ts: imports ../store/b.ts, and client may not lean on store',
      ],
    ],
    [
      'over several lines, for its effect, or late',
      { 'psyc/a.ts': "import {\n  b,\n} from '../pki/b.ts';\nimport '../pki/c.ts';\nawait import('../pki/d.ts');" },
      ['b', 'c', 'd'].map((name) => `psyc/a.ts: imports ../pki/${name}.ts, and psyc may not lean on pki`),
    ],
    [
      'cli, web, test and bench',
      Object.fromEntries(['cli', 'web', 'test', 'bench'].map((to) => [`server/${to}.ts`, `import '../${to}/x.ts';`])),
      ['cli', 'web', 'test', 'bench'].map(
        (to) => `server/${to}.ts: imports ../${to}/x.ts, and server may not lean on ${to}`,
      ),
    ],
    [
      'the root',
      { 'cli/a.ts': "import '../jest.config.js';" },
      ['cli/a.ts: imports ../jest.config.js, and cli may not lean on the root'],
    ],
  ]);
});

describe('arithmetic', () => {
  shows(arithmetic, [
    [
      'powers of two, and comments',
      { 'psyc/a.ts': '/** x ** y */\n// 3 ** 4\nconst a = 2 ** 20 + Number(2n ** 64n);' },
      [],
    ],
    ['another base', { 'psyc/a.ts': 'let a = 1;\na = 1.1 ** a;' }, ['psyc/a.ts:2: ** is exact for powers of 2 only']],
    ['outside the pure folders', { 'server/a.ts': 'const a = 1.1 ** 2;' }, []],
  ]);
});

describe('mentions', () => {
  shows(mentions, [
    ['a file of the tree', { 'docs/a.md': 'see `psyc/parse.ts`', 'psyc/parse.ts': '' }, []],
    [
      'what is no path of the tree',
      { 'docs/a.md': '`_request/x.y`, `cells/slots.bin`, `psyc/*.ts`', 'psyc/a.ts': '' },
      [],
    ],
    [
      'one that is gone',
      { 'docs/a.md': '`psyc/gone.ts`', 'psyc/a.ts': '' },
      ['docs/a.md: psyc/gone.ts does not exist'],
    ],
  ]);
});

describe('anchors', () => {
  const spec =
    '# PSYC\n\n## Errors & `_codes`\n\n```\n## Not a heading\n```\n\n## Lists\n\n### Lists\n\n<a id="here"></a>\n';
  const to = (target: string): Files => ({ 'docs/spec/psyc.md': spec, 'psyc/a.ts': `// docs/spec/${target}` });
  shows(anchors, [
    ['a heading as GitHub names it', to('psyc.md#errors--_codes'), []],
    ['the second of its name', to('psyc.md#lists-1'), []],
    ['an explicit anchor', to('psyc.md#here'), []],
    ['the document alone', to('psyc.md'), []],
    ['no such heading', to('psyc.md#nowhere'), ['psyc/a.ts: docs/spec/psyc.md has no anchor #nowhere']],
    [
      'a heading in a fence',
      to('psyc.md#not-a-heading'),
      ['psyc/a.ts: docs/spec/psyc.md has no anchor #not-a-heading'],
    ],
    ['no such document', to('gone.md#errors'), ['psyc/a.ts: docs/spec/gone.md does not exist']],
    [
      'links between documents',
      { 'docs/spec/psyc.md': '# A\n[a](#a) [b](#b) [c](pki.md#c) [d](gone.md)', 'docs/spec/pki.md': '# C' },
      ['docs/spec/psyc.md: docs/spec/psyc.md has no anchor #b', 'docs/spec/psyc.md: docs/spec/gone.md does not exist'],
    ],
  ]);
});

describe('readme', () => {
  const drawing = (lines: string): string => `# p3do\n\n\`\`\`sh\nnpm test\n\`\`\`\n\n\`\`\`\n${lines}\n\`\`\`\n`;
  const folders = { 'psyc/a.ts': '', 'docs/a.md': '', '.ci/run': '' };
  shows(readme, [
    ['the same', { ...folders, 'README.md': drawing('psyc/        packets\ndocs/spec/   pages') }, []],
    ['one missing', { ...folders, 'README.md': drawing('psyc/   packets') }, ['README.md: its tree lacks docs/']],
    [
      'one too many',
      { ...folders, 'README.md': drawing('psyc/   packets\ndocs/   pages\nonion/   cells') },
      ['README.md: its tree has onion/, the repository has not'],
    ],
    ['no README', folders, ['README.md: does not exist']],
  ]);
});

describe('errors', () => {
  const file = "/** docs/spec/psyc.md#errors */\nexport type PsycCode =\n  | '_truncated'\n  | '_invalid_name';";
  const page = (rows: string): string => `# PSYC\n## Errors\nLike \`_tag\`.\n${rows}\n## Next\n| \`_other\` |\n`;
  const files = (rows: string): Files => ({ 'psyc/error.ts': file, 'docs/spec/psyc.md': page(rows) });
  shows(errors, [
    ['a table', files('| `_truncated` | x |\n| `_invalid_name` | x |'), []],
    ['a list', files('- `_truncated`: x\n- `_invalid_name`: x'), []],
    ['a code unspecified', files('| `_truncated` | x |'), ['docs/spec/psyc.md#errors: lacks _invalid_name']],
    [
      'a code that is none',
      files('| `_truncated` |\n| `_invalid_name` |\n| `_gone` |'),
      ['docs/spec/psyc.md#errors: has _gone, psyc/error.ts has not'],
    ],
    [
      'a code that stands twice',
      files('| `_truncated` |\n| `_invalid_name` |\n| `_truncated` |'),
      ['docs/spec/psyc.md#errors: has _truncated twice'],
    ],
    [
      'a file further down, and a document for admins',
      {
        'server/postgres/errors.ts': "// docs/operating.md#store-errors\n'_x'",
        'docs/operating.md': '## Store errors\n| `_y` |',
      },
      [
        'docs/operating.md#store-errors: lacks _x',
        'docs/operating.md#store-errors: has _y, server/postgres/errors.ts has not',
      ],
    ],
    [
      'a file that cites nothing',
      { 'pki/errors.ts': "'_x'" },
      ['pki/errors.ts: cites no docs/….md with an anchor that ends in errors'],
    ],
  ]);
});

describe('limits', () => {
  const file = '/** docs/spec/psyc.md#limits */\nexport const limits = {';
  const modules = new Map([['psyc/limits.ts', { limits: { nameBytesMax: 128, valueBytesMax: 65_536 }, other: 1 }]]);
  const page = (rows: string): Files => ({
    'psyc/limits.ts': file,
    'docs/spec/psyc.md': `# PSYC\n## Limits\n| name | bytes |\n|---|---|\n${rows}\n## Next\n| other | 7 |\n`,
  });
  shows(limits(modules), [
    ['the same', page('| `nameBytesMax` | 128 | of a name |\n| valueBytesMax | 65,536 |'), []],
    [
      'another number, and one missing',
      page('| nameBytesMax | 129 |'),
      [
        'docs/spec/psyc.md#limits: says 129 for nameBytesMax, which is 128',
        'docs/spec/psyc.md#limits: says nothing for valueBytesMax, which is 65536',
      ],
    ],
    [
      'one too many',
      page('| nameBytesMax | 128 |\n| valueBytesMax | 65536 |\n| gone | 1 |'),
      ['docs/spec/psyc.md#limits: has gone, the code has not'],
    ],
    [
      'a file that cites nothing',
      { 'psyc/limits.ts': 'export const limits = {' },
      ['psyc/limits.ts: cites no docs/….md with an anchor that ends in limits'],
    ],
  ]);
});

describe('vectors', () => {
  const files = { 'test/psyc/parse.test.ts': "read('valid.txt')", 'test/vectors/psyc/valid.txt': '' };
  shows(vectors, [
    ['named', files, []],
    [
      'named by nobody',
      { ...files, 'test/vectors/psyc/lost.txt': '' },
      ['test/vectors/psyc/lost.txt: is named by no test'],
    ],
  ]);
});

describe('portable', () => {
  // In two pieces each, or this file would be the violation.
  const said = (...pieces: string[]): Files => ({ 'docs/a.md': `one\n${pieces.join('')}` });
  shows(portable, [
    ['words that only look like it', said('framework/main homework/ tmp/x'), []],
    [
      'a registry',
      said('registry.', 'example.org'),
      [`docs/a.md:2: names a package registry (registry.${'example'}.org)`],
    ],
    ['a place', said('see /wo', 'rk/x'), [`docs/a.md:2: names a place outside the repository (/wo${'rk/'})`]],
    ['a passing place', said('> /tm', 'p/x'), [`docs/a.md:2: names a place outside the repository (/tm${'p/'})`]],
    ['a note', said('TO', 'DO: x'), [`docs/a.md:2: leaves a note to its author (TO${'DO'})`]],
  ]);
});

describe('lockfile', () => {
  shows(lockfile, [
    ['without places', { 'package-lock.json': '{ "integrity": "x" }' }, []],
    [
      'with places',
      { 'package-lock.json': '{ "resolved": "x" }' },
      ['package-lock.json: says "resolved"; install with the .npmrc of the repository'],
    ],
  ]);
});

describe('machine', () => {
  const file = { 'test/pki/gpg.test.ts': "const gpg = { name: 'gpg', apt: 'gnupg dirmngr' };" };
  shows(machine, [
    ['installed', { ...file, '.ci/run': "components=('gpg:gnupg' dirmngr:dirmngr)" }, []],
    [
      'forgotten',
      { ...file, '.ci/run': '(gpg:gnupg)' },
      ['test/pki/gpg.test.ts: needs dirmngr, which .ci/run does not install'],
    ],
  ]);
});
