/** Something for a box whose address somebody has published. docs/spec/pigeonhole.md#client */
import type { BoxAddress } from '../../services/pigeonhole/keys.ts';
import { sealMessage } from '../../services/pigeonhole/message.ts';
import { renderDeposit } from '../../services/pigeonhole/request.ts';
import { digestOf } from '../../services/work.ts';
import type { Surroundings } from '../services/asking.ts';
import { asked, withWork } from './asking.ts';

/** Puts a message in, in as many deposits as it takes; `stored` is told of each that is durable there. Throws ServiceRefusal, PigeonholeError. */
export async function deposit(
  around: Surroundings,
  box: BoxAddress,
  content: Uint8Array,
  stored: (count: number, of: number) => void = () => {},
): Promise<void> {
  const sealed = sealMessage(around.suite, box, content, around.unixMs());
  for (const [at, one] of sealed.entries()) {
    await withWork(around, box, digestOf(around.suite, one), 'deposit', async (work) =>
      asked(around, box.domain, renderDeposit(box.keys, work, one)),
    );
    stored(at + 1, sealed.length);
  }
}
