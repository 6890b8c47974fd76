/** Two domains, two people, and what they do with each other on the command line, as they see it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { freePort } from '../server/free-port.ts';

const TIME = '[0-9-]{10} [0-9:]{5}';

/** Commands and what they print; times, fingerprints and what is said of first keys left out. */
const scenes: readonly (readonly [command: string, output: string])[] = [
  ['say bob@d2.test hello --as ada@d1.test', 'stored at d2.test'],
  ['friend add bob@d2.test --as ada@d1.test', 'bob@d2.test: was asked, and has not said yes'],
  [
    'friend add bob@d2.test --as ada@d1.test',
    'p3do friend add: this was asked before, and is not asked again\nbob@d2.test: was asked, and has not said yes',
  ],
  [
    'friend accept bob@d2.test --as ada@d1.test',
    'p3do friend accept: bob@d2.test has not asked (p3do friend add asks) (_unknown_friend)',
  ],
  ['friend remove zoe@d2.test --as ada@d1.test', 'p3do friend remove: zoe@d2.test is no friend (_unknown_friend)'],
  [
    'requests --as bob@d2.test',
    'request ada@d1.test: hello\nrequest ada@d1.test: wants to be friends (p3do friend accept ada@d1.test, or refuse)',
  ],
  ['friend list --as bob@d2.test', 'ada@d1.test: wants to be friends: p3do friend accept, or refuse'],
  ['friend accept ada@d1.test --as bob@d2.test', 'ada@d1.test: friend'],
  ['friend list --as ada@d1.test', 'bob@d2.test: friend'],
  ['requests --as bob@d2.test', 'p3do requests: no stranger has written'],
  ['presence away Back at two --mood 7 --as ada@d1.test', 'friends see: away'],
  ['presence --as bob@d2.test', 'ada@d1.test is not here'],
  [
    'listen --timeout 6 --as ada@d1.test >$P3DO_HOME/heard & sleep 2; p3do presence --as bob@d2.test; wait $!; grep -o "to you bob.*" $P3DO_HOME/heard',
    'ada@d1.test is away, mood 7 of 9: Back at two\nto you bob@d2.test: is your friend now (p3do friend list checks both signatures)',
  ],
  ['profile set name Ada Lovelace --as ada@d1.test', 'name is shown to everybody'],
  ['profile set page ada.example --friends --as ada@d1.test', 'page is shown to friends'],
  ['profile show ada@d1.test --as bob@d2.test', 'name: Ada Lovelace\npage: ada.example (for friends)'],
  [
    'profile unset page --as ada@d1.test; p3do profile show ada@d1.test --as bob@d2.test',
    'page is shown no more\nname: Ada Lovelace',
  ],
  ['alias --as bob@d2.test', 'p3do alias: no aliases: p3do alias mum zoe@b.example makes one'],
  ['alias mum zoe@d1.test --as bob@d2.test', 'mum is zoe@d1.test'],
  ['alias mum ada@d1.test --as bob@d2.test', 'mum is ada@d1.test, and not zoe@d1.test any more'],
  [
    'friend add nobody@d2.test --as ada@d1.test',
    'p3do friend add: nobody@d2.test: there is nobody of this name: look at how it is written (_unknown_target)',
  ],
  ['friend list --as ada@d1.test', 'bob@d2.test: friend'],
  [
    'place show @hall@d1.test --as bob@d2.test',
    '@hall@d1.test: without owner and topic. If nobody has been there yet, who enters first is its owner',
  ],
  ['enter @hall@d1.test --as bob@d2.test', 'made @hall@d1.test: you are its owner'],
  [
    'place clear @hall@d1.test --through 999 --yes --as bob@d2.test',
    'p3do place clear: @hall@d1.test: there are not so many rows: p3do place show says the last (_invalid_act_missing_row, by d1.test)',
  ],
  [
    'place owner @hall@d1.test adda@d1.test --as bob@d2.test 2>&1; p3do place show @hall@d1.test --as bob@d2.test | grep owners',
    'p3do place owner: adda@d1.test: there is nobody of this name: look at how it is written (_unknown_target, by d1.test); did you mean ada@d1.test?\n  owners    bob@d2.test',
  ],
  [
    'place invite @hall@d1.test adda@d1.test --as bob@d2.test 2>&1; p3do place show @hall@d1.test --as bob@d2.test | grep invited',
    'p3do place invite: adda@d1.test: there is nobody of this name: look at how it is written (_unknown_target, by d1.test); did you mean ada@d1.test?\n  invited   -',
  ],
  [
    'enter @hal@d1.test --as bob@d2.test 2>&1; p3do place show @hal@d1.test --as bob@d2.test | cut -c1-40',
    'p3do enter: there is no @hal@d1.test; did you mean @hall@d1.test? --yes makes it\n@hal@d1.test: without owner and topic. I',
  ],
  [
    'enter @hall@d1.tset --timeout 4 --as bob@d2.test 2>&1; p3do pending --as bob@d2.test',
    [
      'p3do enter: not asked: nobody answers for @hall@d1.tset: is its domain written rightly, and its server up; did you mean @hall@d1.test? --yes asks all the same, until it is answered',
      'p3do pending: everything was answered',
    ].join('\n'),
  ],
  [
    'place mode @hall@d1.test members --as bob@d2.test < /dev/null 2>&1; p3do place show @hall@d1.test --as bob@d2.test | grep entering',
    'p3do: @hall@d1.test becomes members-only for ever, which nobody can take back: say --yes\nSee: p3do help place mode\n  entering  everybody may enter',
  ],
  ['enter @hall@d1.test --as ada@d1.test', 'entered @hall@d1.test, 2 members'],
  [
    'listen --timeout 8 --as ada@d1.test >/dev/null & sleep 3; p3do listen --timeout 1 --as ada@d1.test 2>&1 | sed -E "s/process [0-9]+/process N/"; wait $!',
    'p3do listen: already listening in process N; waiting until it ends\np3do listen: process N has not ended: nothing was done (_late)',
  ],
  [
    'history @hall@d1.test --numbers --limit 1 --as bob@d2.test',
    '2 - @hall@d1.test ada@d1.test entered (according to d2.test)',
  ],
  ['notify @hall@d1.test mentions --as bob@d2.test', '@hall@d1.test: mentions'],
  ['say @hall@d1.test hello --as ada@d1.test', 'stored at d1.test'],
  ['say @hall@d1.test Bob, look --as ada@d1.test', 'stored at d1.test'],
  ['places --as bob@d2.test', '@hall@d1.test: 3 since you left'],
  [
    'listen --timeout 6 --as bob@d2.test | grep @hall',
    [
      '--- since you left: 3 in @hall@d1.test ---',
      '- @hall@d1.test ada@d1.test entered (according to d2.test)',
      '@hall@d1.test "mum" ada@d1.test: Bob, look',
    ].join('\n'),
  ],
  ['places --as bob@d2.test', '@hall@d1.test: 0 since you left'],
  ['say mum hi --as bob@d2.test', 'stored at d1.test'],
  ['block --as bob@d2.test', 'p3do block: nobody is blocked'],
  ['block ada@d1.test --as bob@d2.test', 'ada@d1.test is blocked'],
  ['block --as bob@d2.test', 'ada@d1.test'],
  ['block bob@d2.test --as bob@d2.test', 'p3do block: bob@d2.test is you (_input_invalid)'],
  ['block spam.test --as bob@d2.test', 'the domain spam.test is blocked'],
  ['block spam.test --undo --as bob@d2.test', 'the domain spam.test is blocked no more'],
  ['block spam.test --undo --as bob@d2.test', 'the domain spam.test was not blocked'],
  [
    'ignore spam.test --as bob@d2.test; p3do ignore --as bob@d2.test; p3do ignore spam.test --undo --as bob@d2.test; p3do ignore --as bob@d2.test 2>&1',
    [
      'the domain spam.test is ignored',
      'spam.test',
      'the domain spam.test is ignored no more',
      'p3do ignore: nobody is ignored',
    ].join('\n'),
  ],
  [
    'say bob@d2.test again --as ada@d1.test',
    'p3do say: bob@d2.test: this person takes nothing from you: only friends may write to him, or you may not (_filter_strangers, by d2.test)',
  ],
  ['block mum --undo --as bob@d2.test', 'ada@d1.test is blocked no more'],
  ['requests from friends --as bob@d2.test', 'friends may write to you'],
  ['say bob@d2.test again --as ada@d1.test', 'stored at d2.test'],
  [
    'enter @vault@d2.test --as bob@d2.test && p3do place mode @vault@d2.test members --yes --as bob@d2.test',
    [
      'made @vault@d2.test: you are its owner',
      '@vault@d2.test: bob@d2.test lets only those enter who are invited, and only members read what is said from now on, for ever: it cannot be taken back',
    ].join('\n'),
  ],
  [
    'place mode @vault@d2.test public --as bob@d2.test',
    'p3do place mode: @vault@d2.test: this place is members-only, which it stays for ever: make another place (_invalid_act_members_only, by d2.test)',
  ],
  ['friend remove bob@d2.test --as ada@d1.test', 'bob@d2.test: no friend any more'],
  [
    'friend add ada@d1.test --as eve@d2.test; p3do friend refuse eve@d2.test --as ada@d1.test',
    'ada@d1.test: was asked, and has not said yes\neve@d2.test: no friend any more',
  ],
  ['friend list --as ada@d1.test', 'p3do friend list: no friends yet: p3do friend add asks somebody'],
  [
    'chat @den@d1.test --as ada@d1.test < <(printf "hello\\n/history\\n/kill d1\\n/msg bob@d2.test hi\\n") | grep -oE "made @den.*|ada@d1.test: hello$|that is for.*|alone: hi" | sort -u',
    [
      'ada@d1.test: hello',
      'alone: hi',
      'made @den@d1.test: you are its owner',
      'that is for p3do localserve; /help has what goes here',
    ].join('\n'),
  ],
  ['place topic @hall@d1.test Tea at five --as bob@d2.test', '@hall@d1.test: bob@d2.test set the topic: Tea at five'],
  [
    'place silence @hall@d1.test ada@d1.test Too loud --as bob@d2.test; p3do say @hall@d1.test hm --as ada@d1.test 2>&1',
    [
      '@hall@d1.test: bob@d2.test silenced ada@d1.test: Too loud',
      'p3do say: @hall@d1.test: silenced there: an owner or aide has to let you speak again (_silenced_member, by d1.test)',
    ].join('\n'),
  ],
  [
    'place unsilence @hall@d1.test ada@d1.test --as bob@d2.test; p3do place aide @hall@d1.test ada@d1.test --as bob@d2.test',
    '@hall@d1.test: bob@d2.test lets ada@d1.test speak again\n@hall@d1.test: bob@d2.test made ada@d1.test an aide',
  ],
  [
    'place dismiss @hall@d1.test bob@d2.test --as ada@d1.test 2>&1; p3do place dismiss @hall@d1.test ada@d1.test --as bob@d2.test',
    [
      'p3do place dismiss: @hall@d1.test: only an owner may do that: p3do place show names them (_necessary_owner, by d1.test)',
      '@hall@d1.test: bob@d2.test took all offices from ada@d1.test',
    ].join('\n'),
  ],
  [
    'place ban @hall@d1.test spam.test --as bob@d2.test; p3do place unban @hall@d1.test spam.test --as bob@d2.test',
    '@hall@d1.test: bob@d2.test banned spam.test\n@hall@d1.test: bob@d2.test lifted the ban on spam.test',
  ],
  [
    'place invite @hall@d1.test ada@d1.test --quiet --as bob@d2.test; p3do place uninvite @hall@d1.test ada@d1.test --as bob@d2.test',
    '@hall@d1.test: bob@d2.test invited ada@d1.test\n@hall@d1.test: bob@d2.test took back the invitation of ada@d1.test',
  ],
  [
    'history @hall@d1.test --search LOOK --as bob@d2.test',
    '@hall@d1.test "mum" ada@d1.test: Bob, look\np3do history: 1 found in rows up to 13',
  ],
  [
    'place invite @vault@d2.test ada@d1.test --quiet --as bob@d2.test; p3do enter @vault@d2.test --as ada@d1.test',
    '@vault@d2.test: bob@d2.test invited ada@d1.test\nentered @vault@d2.test, 2 members',
  ],
  [
    'say @vault@d2.test one --as bob@d2.test; p3do say @vault@d2.test two --as bob@d2.test',
    'stored at d2.test\nstored at d2.test',
  ],
  // The key under which it was said stands further up.
  ['history @vault@d2.test --limit 1 --as bob@d2.test', '@vault@d2.test bob@d2.test: two'],
  [
    'place kick @vault@d2.test ada@d1.test Not before tea --as bob@d2.test',
    '@vault@d2.test: bob@d2.test kicked ada@d1.test: Not before tea',
  ],
  [
    `listen --timeout 6 --as ada@d1.test 2>&1 | sed -E "s/: ${TIME}/: TIME/" | grep vault`,
    'p3do listen: @vault@d2.test: you are no member any more (p3do enter comes back): TIME bob@d2.test kicked ada@d1.test: Not before tea',
  ],
  [
    `enter @vault@d2.test --as ada@d1.test 2>&1 | sed -E "s/: ${TIME}/: TIME/"`,
    [
      'p3do enter: @vault@d2.test: you are no member any more: TIME bob@d2.test kicked ada@d1.test: Not before tea',
      'p3do enter: @vault@d2.test: only who is invited may enter: ask an owner (p3do place show names them) (_necessary_invitation, by d2.test)',
    ].join('\n'),
  ],
  [
    'place limit @hall@d1.test --rows 100 --days 30 --as bob@d2.test; p3do place clear @hall@d1.test --through 3 --yes --as bob@d2.test',
    [
      '@hall@d1.test: bob@d2.test has no more kept than 100 rows and 30 days',
      '@hall@d1.test: bob@d2.test erased everything up to row 3',
    ].join('\n'),
  ],
  [
    'history @hall@d1.test --limit 3 --as bob@d2.test',
    [
      '@hall@d1.test bob@d2.test took back the invitation of ada@d1.test',
      '@hall@d1.test bob@d2.test has no more kept than 100 rows and 30 days',
      '@hall@d1.test bob@d2.test erased everything up to row 3',
      'p3do history: rows up to 3 are erased',
    ].join('\n'),
  ],
  [
    'follow ada@d1.test --as bob@d2.test; p3do unfollow ada@d1.test --as bob@d2.test',
    'following ada@d1.test\nnot following ada@d1.test',
  ],
  ['leave @hall@d1.test --as bob@d2.test', 'left @hall@d1.test'],
  [
    'leave @hall@d1.test --as bob@d2.test',
    'p3do leave: @hall@d1.test: you are no member there (_necessary_membership)',
  ],
  [
    'federate lost d2.test --domain d1.test; p3do federate lost d2.test --not --domain d1.test; p3do federate unknown closed --domain d1.test',
    ['lost: the key of d2.test', 'not lost: the key of d2.test', 'domains without a rule: closed'].join('\n'),
  ],
];

test('friends, requests and rules, across domains', async () => {
  const port = await freePort();
  const lines = [
    'export P3DO_HOME=$(mktemp -d) P3DO_PASSPHRASE=try; chmod 711 $P3DO_HOME; echo "home $P3DO_HOME"; p3do() { node bin/p3do.js "$@"; }',
    `for n in 1 2; do p3do quickstart d$n.test --host 127.0.0.$n --port ${port} --peer d$((3-n)).test=127.0.0.$((3-n)):${port} >/dev/null && { node bin/p3do.js serve --domain d$n.test >/dev/null 2>&1 & }; done`,
    `p3do register ada@d1.test --server 127.0.0.1:${port} 2>&1 && for nick in bob eve; do p3do register $nick@d2.test --server 127.0.0.2:${port} 2>&1; done`,
    ...scenes.map(([command], at) => `echo "scene ${at}"; p3do ${command} 2>&1`),
    'echo "scene end"',
  ];
  const shell = spawn('bash', ['-c', lines.join('\n')], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  let output = '';
  shell.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  shell.once('exit', () => process.kill(-shell.pid!, 'SIGTERM'));
  await once(shell, 'close');
  const home = /^home (\/.+)$/m.exec(output)?.[1];
  if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  const told = output
    .split(/^scene .*\n/m)
    .slice(1, -1)
    .map((text) =>
      text.replace(/^.*(?:first key of|: asking for keys: ).*\n/gm, '').replace(/^\d{4}-\d\d-\d\d \d\d:\d\d /gm, ''),
    );
  expect(scenes.map(([command], at) => [command, told[at]?.trimEnd()])).toEqual(scenes.map((scene) => [...scene]));
}, 600_000);
