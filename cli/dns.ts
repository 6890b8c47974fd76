/** `p3do dns`: the domain's records, to be pasted, or put into the zone. docs/operating.md#publishing */
import type { Command } from 'commander';
import { askingOf } from '../server/dns/asking.ts';
import { publish } from '../server/dns/publish.ts';
import { readTsigKey } from '../server/dns/tsig-file.ts';
import { dnsRecords } from '../server/domain/dns-records.ts';
import { type Domain, loadDomain, ownKeysOf } from '../server/domain/load.ts';
import { ownRecord } from '../server/domain/own-record.ts';
import { ownWays } from '../server/transport/socks.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

type Options = Whose & { readonly json?: true; readonly replace?: true };

/** Adds the subcommands of `p3do dns`. */
export function register(command: Command): void {
  const show = command
    .command('show')
    .description('the records to publish, as lines of a zone file')
    .showHelpAfterError('See: p3do help dns show');
  domainOptions(show)
    .option('--json', 'the same, as JSON')
    .addHelpText(
      'after',
      `
Paste them where your domain's DNS is kept, one for one. The first says which key is the domain's, the second
where its server is; for the name behind the port there has to be an address (A, AAAA) too.

Example:
  $ p3do dns show --domain example.org`,
    )
    .action(async (options: Options) => {
      const domain = await loadDomain(await folderOf(show, options));
      const records = dnsRecords(domain.config.domain, recordOf(domain), domain.config.listen.port);
      process.stdout.write(options.json ? `${JSON.stringify({ dns: records })}\n` : `${records.join('\n')}\n`);
      const { next } = domain;
      if (next === null) return;
      const what = `the key ${next.key.certificate.key.fingerprint} follows at ${new Date(next.switchMs).toISOString()}`;
      process.stderr.write(`p3do dns show: ${what}: paste what this prints then\n`);
    });
  const put = command
    .command('publish')
    .description('put the record of the key into the zone, by dynamic update')
    .showHelpAfterError('See: p3do help dns publish');
  domainOptions(put)
    .option('--replace', 'also where the DNS names a key that ours does not follow')
    .option('--json', 'what was done, as JSON')
    .addHelpText(
      'after',
      `
Tells the name server of dns.update in config.json, by RFC 2136 with TSIG, and only if nobody else changes the
record meanwhile. Other records at the name stay. The server does the same by itself when it is started, and
every hour; --replace is for you alone: look first who has put another key there.

Examples:
  $ p3do dns publish --domain example.org
  $ p3do dns publish --domain example.org --replace`,
    )
    .action(async (options: Options) => {
      const domain = await loadDomain(await folderOf(put, options));
      const { config } = domain;
      const { update } = config.dns;
      if (update === null) {
        process.stderr.write(
          'p3do: config.json has no dns.update: say there which name server, zone and key, or paste what p3do dns show prints\n',
        );
        process.exitCode = 1;
        return;
      }
      const { asker } = await askingOf(config.dns, ownWays(config.proxy));
      const zone = { ...update, key: await readTsigKey(update.key) };
      const record = recordOf(domain);
      const isNew = await publish(asker, zone, config.domain, record, options.replace === true);
      const text = `_p3do.${config.domain} names ${record.fpr}: ${isNew ? 'published' : 'it did already'}`;
      const said = { domain: config.domain, fingerprint: record.fpr, seq: record.seq, published: isNew };
      process.stdout.write(`${options.json ? JSON.stringify(said) : text}\n`);
    });
  command.addHelpText(
    'after',
    '\nExamples:\n  $ p3do dns show --domain example.org\n  $ p3do dns publish --domain example.org',
  );
}

const recordOf = (domain: Domain) => ownRecord(ownKeysOf(domain), domain.config.dns);
