/** An invitation as a QR code, for a terminal. docs/spec/conversations.md#invitations */

/** White on black, whatever the terminal's own colours are: not every camera reads a code that is inverted. */
const COLOURS = { on: '\u001b[97;40m', off: '\u001b[0m' };
/** Empty modules around it. */
const BORDER = 2;

/** Two rows in a line of half blocks; in capitals, which take less room. `isColoured`: for a terminal. null: the package that makes codes is not installed. */
export async function qrOf(line: string, isColoured: boolean): Promise<string | null> {
  const qr = await import('qr').catch(() => null);
  if (qr === null) return null;
  const rows = qr.default(line.toUpperCase(), 'ascii', { ecc: 'low', border: BORDER }).trimEnd().split('\n');
  const { on, off } = isColoured ? COLOURS : { on: '', off: '' };
  return rows.map((row) => `${on}${row}${off}\n`).join('');
}
