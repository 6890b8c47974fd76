/** `p3do box secret`, `adopt`, `share`: one box on several devices. docs/spec/pigeonhole.md#devices */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { boxesIn, readBox, writeBox } from '../../client/pigeonhole/files.ts';
import { parseSecret, renderSecret, type SharedBox } from '../../client/pigeonhole/secret-line.ts';
import { newBoxState } from '../../client/pigeonhole/state.ts';
import { suite } from '../../server/suite.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from '../person/conversation.ts';
import { changeDrawer, readDrawer } from '../person/drawer.ts';
import { talk } from '../person/talk.ts';
import { textIn } from '../person/text.ts';
import { named, subcommand, telling } from './work.ts';

const PATIENCE = 'how long to wait for the answer (60)';

/** Adds the subcommands. */
export function registerDevices(parent: Command): void {
  const secret = subcommand(
    parent,
    'secret',
    'a box’s secret, as a line for p3do box adopt: whoever has it has the box',
  );
  withShared(secret.argument('<name>', 'which one', named), PATIENCE).action(async (name: string, options: Shared) => {
    const { folder } = await whoseOf(secret, options.as);
    await telling(secret, options, async () => {
      const line = renderSecret({ name, ...(await readBox(folder, name)) });
      tell(options, { kind: 'box secret', name, secret: line }, `${line}\n`);
    });
  });
  registerAdopt(parent);
  const share = subcommand(parent, 'share', 'put a box’s secret, sealed, where your other devices find it');
  withShared(
    share.argument('<name>', 'which one', named).option('--remove', 'no more: other devices that have it keep it'),
    PATIENCE,
  )
    .addHelpText(
      'after',
      `
It lies at home, sealed to your own key like your aliases (p3do alias): your home cannot read it, and sees that you
have boxes, not which. Who does not want that either carries p3do box secret over himself.

Example:
  $ p3do box share letters`,
    )
    .action((name: string, options: Shared & { readonly remove?: true }) =>
      talk(share, options, async (home) => {
        const { folder } = await whoseOf(share, options.as);
        await telling(share, options, async () => {
          const own = renderSecret({ name, ...(await readBox(folder, name)) });
          const change = (lines: readonly string[]): string[] => {
            const others = lines.filter((line) => line !== own);
            return options.remove ? others : [...others, own];
          };
          if ((await changeDrawer(home, 'boxes', change)) === null) return;
          const what = options.remove ? 'lies at home no more' : 'is for your other devices: p3do box adopt';
          tell(options, { kind: 'box shared', name, isShared: options.remove !== true }, `${name} ${what}\n`);
        });
      }),
    );
}

function registerAdopt(parent: Command): void {
  const command = subcommand(
    parent,
    'adopt',
    'read boxes on this device too: those that lie at home, or one whose secret is typed',
  );
  withShared(command.argument('[-]', 'read what p3do box secret has printed, on standard input'), PATIENCE).action(
    async (dash: string | undefined, options: Shared) => {
      if (dash !== undefined && dash !== '-') command.error('it takes - or nothing');
      const { folder } = await whoseOf(command, options.as);
      if (dash === undefined) {
        await talk(command, options, async (home) => {
          await telling(command, options, async () => {
            const drawer = await readDrawer(home, 'boxes');
            if (drawer === null) return;
            const count = await adopt(options, folder, drawer.lines.map(parseSecret));
            if (count === 0)
              complain(command, 'nothing lies at home that is not here: p3do box share, on the other device');
          });
        });
        return;
      }
      const text = textIn(await buffer(process.stdin));
      if (text === null) fail(command, options, '_input_invalid', 'standard input is not UTF-8');
      else await telling(command, options, async () => void (await adopt(options, folder, [parseSecret(text)])));
    },
  );
}

/** How many are new here. Another box of the same name gets another name. */
async function adopt(options: Shared, folder: string, shared: readonly SharedBox[]): Promise<number> {
  let count = 0;
  for (const { name, domain, way, root } of shared) {
    const names = await boxesIn(folder);
    const known = await Promise.all(names.map(async (one) => readBox(folder, one)));
    if (known.some((box) => box.domain === domain && suite.equal(box.root, root))) continue;
    let free = name;
    for (let more = 2; names.includes(free); more++) free = `${name.slice(0, 28)}-${more}`;
    await writeBox(folder, free, newBoxState(suite, domain, way, root), 'new');
    tell(options, { kind: 'box adopted', name: free, domain }, `this device reads ${free} at ${domain}\n`);
    count++;
  }
  return count;
}
