/** Nicks, domains, user ids and uniforms against their vectors; keywords. docs/spec/psyc.md#names */
import { describe, expect, test } from '@jest/globals';
import { PsycError } from '../../psyc/error.ts';
import { inherits, lookUp, parent, typeOf } from '../../psyc/keyword.ts';
import { confusable, isDomain, isNick, parseUserId, renderUserId, skeleton } from '../../psyc/names.ts';
import { parseEntity, parseUniform, renderUniform, withoutChannel } from '../../psyc/uniform.ts';
import { readVectors } from './vectors.ts';

interface Name {
  readonly kind: 'nick' | 'domain' | 'userId' | 'entity' | 'uniform';
  readonly text: string;
  readonly valid: boolean;
}

/** Whether it passes; anything thrown but a PsycError fails the test. */
function accepted(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(PsycError);
    return false;
  }
}

const checks: Record<Name['kind'], (text: string) => boolean> = {
  nick: isNick,
  domain: isDomain,
  userId: (text) =>
    accepted(() => {
      const { nick, domain } = parseUserId(text);
      expect(renderUserId(nick, domain)).toBe(text);
    }),
  entity: (text) => accepted(() => expect(renderUniform(parseEntity(text))).toBe(text.toLowerCase())),
  uniform: (text) => accepted(() => expect(renderUniform(parseUniform(text))).toBe(text.toLowerCase())),
};

describe('names', () => {
  test.each(readVectors<Name>('names.json'))('$kind $text: $valid', ({ kind, text, valid }) => {
    expect(checks[kind](text)).toBe(valid);
  });

  test.each(readVectors<{ a: string; b: string; confusable: boolean }>('confusable-nicks.json'))(
    '$a looks like $b: $confusable',
    ({ a, b, confusable: wanted }) => {
      expect([confusable(a, b), confusable(b, a)]).toEqual([wanted, wanted]);
    },
  );

  test('what a nick looks like is the same for all that look like it', () => {
    expect(['clara_1', 'dara-l', '-dara--i_'].map(skeleton)).toEqual(['dara-l', 'dara-l', 'dara-l']);
  });

  test('the parts of a uniform', () => {
    expect(parseUniform('psyc://h:-4404s/@hall#top')).toEqual({
      host: 'h',
      port: -4404,
      transport: 's',
      kind: 'place',
      name: 'hall',
      channel: 'top',
    });
    expect(parseUniform('psyc://h')).toEqual({ host: 'h', kind: 'node', name: '' });
    expect(parseUniform('psyc://h/')).toEqual({ host: 'h', kind: 'root', name: '' });
    expect(parseUniform('psyc://h/$mor')).toEqual({ host: 'h', kind: 'service', name: 'mor' });
    expect(parseUniform('psyc://h/x/~y')).toEqual({ host: 'h', kind: 'object', name: 'x/~y' });
    expect(withoutChannel('psyc://h/~al#_presence')).toBe('psyc://h/~al');
  });

  test('parts that would be read as others are not rendered', () => {
    const refused = (parts: Partial<Parameters<typeof renderUniform>[0]>) =>
      expect(() => renderUniform({ host: 'h', kind: 'object', name: 'x', ...parts })).toThrow(
        expect.objectContaining({ code: '_invalid_uniform' }),
      );
    refused({ name: '~root' });
    refused({ host: 'h/~root#' });
    refused({ host: 'H' });
    refused({ port: 70_000 });
    refused({ name: 'a#b' });
    refused({ kind: 'node' });
  });

  test('each failing uniform says which rule it broke', () => {
    expect(() => parseEntity('psyc://127.0.0.1/~a')).toThrow(expect.objectContaining({ code: '_invalid_domain' }));
    expect(() => parseEntity('psyc://h/~a.b')).toThrow(expect.objectContaining({ code: '_invalid_nick' }));
    expect(() => parseUniform(`psyc://h/${'x'.repeat(1016)}`)).toThrow(
      expect.objectContaining({ code: '_oversized_uniform' }),
    );
    expect(parseUniform(`psyc://h/${'x'.repeat(1015)}`).name).toHaveLength(1015);
    expect(() => renderUserId('Al', 'h')).toThrow(expect.objectContaining({ code: '_invalid_nick' }));
    expect(() => renderUserId('al', 'H')).toThrow(expect.objectContaining({ code: '_invalid_domain' }));
  });
});

describe('keywords', () => {
  test('inherit by whole parts', () => {
    expect(inherits('_list_members', '_list')).toBe(true);
    expect(inherits('_list', '_list')).toBe(true);
    expect(inherits('_listing', '_list')).toBe(false);
    expect(inherits('_lis', '_list')).toBe(false);
    expect([parent('_failure_a_b'), parent('_failure'), parent('')]).toEqual(['_failure_a', '', '']);
  });

  test('are looked up from the longest known', () => {
    const table = new Map([
      ['_failure', 1],
      ['_failure_a', 2],
    ]);
    expect(
      ['_failure_a_b', '_failure_b_a', '_failure', '_failures', ''].map((keyword) => lookUp(table, keyword)),
    ).toEqual([2, 1, 1, undefined, undefined]);
  });

  test('tell a type', () => {
    expect([typeOf('_list_members'), typeOf('_listing'), typeOf('_amount_fragments'), typeOf('_x')]).toEqual([
      '_list',
      undefined,
      '_amount',
      undefined,
    ]);
  });
});
