/** What `p3do publish --reach` asks. docs/spec/feeds.md#publishing */
import { expect, test } from '@jest/globals';
import { reached } from '../../cli/person/reach.ts';
import type { Talk } from '../../cli/person/talk.ts';

test('it is asked after the publication that was said, and not after the last of any device', async () => {
  const asked: Parameters<Talk['ask']>[0][] = [];
  const talk: Pick<Talk, 'ask'> = {
    ask: (asking) => {
      asked.push(asking);
      return Promise.resolve('_unsupported_method');
    },
  };
  const target = 'psyc://a.example/~ada#_publications';
  await reached(talk, { target, publication: 'ab'.repeat(32), wanted: 2 }, {});
  expect(asked).toMatchObject([{ target, method: '_request_reach', entity: { _publication: 'ab'.repeat(32) } }]);
});
