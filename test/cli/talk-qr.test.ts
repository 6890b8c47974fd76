/** The QR code of an invitation: a program that reads codes off pictures reads the line off the terminal. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { qrOf } from '../../cli/talk/qr.ts';
import { newInvitation, parseInvitation, renderInvitation } from '../../client/conversation/invitation.ts';
import { suite } from '../../server/suite.ts';
import { needs, onPath } from '../needs.ts';

const SCALE = 4;

/** What a camera sees, as a portable graymap: half blocks are light, everything else is dark. */
function picture(code: string): Uint8Array {
  const rows = code
    .trimEnd()
    .split('\n')
    .flatMap((line) => ['▀', '▄'].map((half) => line.split('').map((letter) => letter === '█' || letter === half)));
  const pixels = rows.flatMap((row) => {
    const line = row.flatMap((isLight) => new Array<number>(SCALE).fill(isLight ? 255 : 0));
    return new Array<number[]>(SCALE).fill(line);
  });
  return Buffer.concat([Buffer.from(`P5 ${pixels[0]!.length} ${pixels.length} 255\n`), Buffer.from(pixels.flat())]);
}

const line = (domain: string): string => renderInvitation(suite, newInvitation(suite, domain).invitation);

needs({ name: 'zbarimg', apt: 'zbar-tools', probe: () => onPath('zbarimg') })('a reader of codes', () => {
  test.each(['b.example', `${'long.'.repeat(40)}example`])('reads an invitation at %s', async (domain) => {
    const invitation = line(domain);
    const code = await qrOf(invitation, false);
    const folder = mkdtempSync(join(tmpdir(), 'qr-'));
    try {
      writeFileSync(join(folder, 'code.pgm'), picture(code!));
      const read = execFileSync('zbarimg', ['--nodbus', '--quiet', '--raw', join(folder, 'code.pgm')], {
        encoding: 'utf8',
      });
      expect(parseInvitation(suite, read)).toEqual(parseInvitation(suite, invitation));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('it fits a terminal, where it is white on black', async () => {
  const invitation = line('b.example');
  const [plain, coloured] = [await qrOf(invitation, false), await qrOf(invitation, true)];
  expect(plain!.indexOf('\n')).toBeLessThan(60);
  expect(coloured!.split('\n')[0]).toBe(`\u001b[97;40m${plain!.split('\n')[0]}\u001b[0m`);
});
