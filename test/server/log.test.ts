/** The log: JSON for programs, text for a person, and nothing in it that commands a terminal. docs/operating.md#log */
import { expect, test } from '@jest/globals';
import { openLog } from '../../server/log.ts';

/** What was written, and a logger that writes it. */
function logging(isTTY: boolean, level: Parameters<typeof openLog>[0] = 'info') {
  const written: string[] = [];
  return { written, log: openLog(level, { isTTY, write: (text: string) => written.push(text) }) };
}

test('a line of JSON for each thing; what is below the level is not written', () => {
  const { log, written } = logging(false);
  log.debug({ address: '192.0.2.1' }, 'refused');
  log.info({ peer: 'b.test' }, 'circuit stands');
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(written[0]!)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    peer: 'b.test',
    msg: 'circuit stands',
  });
});

test('a line of text for a person, the level in colour where it matters', () => {
  const { log, written } = logging(true, 'trace');
  log.info({ peer: 'b.test', count: 2 }, 'circuit "stands"');
  log.warn('disk full');
  log.info({ error: new Error('lost') }, '');
  expect(written[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info  circuit \\"stands\\" peer="b\.test" count=2\n$/);
  expect(written[1]).toContain(' \u001b[33mwarn \u001b[0m disk full\n');
  expect(written[2]).not.toMatch(/\n./);
});

test('control characters of what others sent are shown, not obeyed', () => {
  const { log, written } = logging(true);
  log.info({ peer: 'a\u001b[2J\u009b\u2028' }, 'x\ny\u0007');
  expect(written[0]).toMatch(/ x\\ny\\u0007 peer="a\\u001b\[2J\\u009b\\u2028"\n$/);
});

test('silent is silent', () => {
  const { log, written } = logging(false, 'silent');
  log.fatal('end');
  expect(written).toEqual([]);
});
