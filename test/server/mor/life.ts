/** One life of a listener with real files, as a process that can be killed: cells of a neighbour in, a line for each packet that comes out. */
import { createInterface } from 'node:readline';
import { bytesOfHex } from '../../../crypto/bytes.ts';
import type { ListenerEvent } from '../../../listener-bots/events.ts';
import { listenerLimits } from '../../../listener-bots/limits.ts';
import { Listener } from '../../../listener-bots/listener.ts';
import { openCell } from '../../../listener-bots/opening.ts';
import { pairOf } from '../../../onion/keys.ts';
import { KeptCells } from '../../../server/mor/kept.ts';
import { suite } from '../../../server/suite.ts';

const [folder = '', secret = ''] = process.argv.slice(2);
const { kept, loaded } = await KeptCells.open(folder, () => Math.floor(Date.now() / 1000));
const options = { domain: 'a.test', suite, limits: listenerLimits, isWide: true, unsafe: true, takes: () => true };
const listener = new Listener(options, performance.now(), Date.now());

function tell(event: ListenerEvent): void {
  for (const effect of listener.step(event, performance.now(), Date.now())) {
    if (effect.kind === 'open') {
      const { job } = effect;
      setImmediate(() => tell({ kind: 'opened', job: job.job, found: openCell(suite, job) }));
    } else if (effect.kind === 'remember') {
      const { batch, ...traces } = effect.batch;
      void kept.remember(traces).then(() => tell({ kind: 'remembered', batch, isDurable: true }));
    } else if (effect.kind === 'exit') process.stdout.write(`${effect.exit.packet.dataText}\n`);
  }
}

tell({ kind: 'loaded', ...loaded });
const pair = pairOf(suite, bytesOfHex(secret)!);
tell({ kind: 'keys', keys: [{ pair, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }] });
tell({ kind: 'linked', peer: 'b.test', membership: { isMember: true, isMemberThere: false } });
createInterface({ input: process.stdin }).on('line', (line) => {
  tell({ kind: 'frame', peer: 'b.test', frame: { kind: 'cell', data: bytesOfHex(line)! } });
});
