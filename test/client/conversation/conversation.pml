/*
 * Look-ahead and synchronisation of docs/spec/conversations.md#ratchet, without its cryptography: which addresses each side can
 * tell, which it looks at, and what it skips. Two sides write whenever they may, the mailbox loses up to N - 1 messages of a turn
 * in a row, and shows the others in any order. What holds, for every order of everything: no address is used for two messages,
 * none is taken twice, nobody begins a turn whose addresses the other cannot tell, and what was not lost is found.
 *
 * Each of NO_NEXT, NO_PREVIOUS, LOSE_MORE, SEND_FIRST and EAGER plants a mistake, and must fail.
 */
#define N 2          /* addresses that are looked at, from the next one on */
#define MESSAGES 4   /* that each side says */
#define TURNS 7
#define PLACES 7     /* of a turn: more than anybody uses */

#ifdef LOSE_MORE
#define LOST_MAX N
#else
#define LOST_MAX (N - 1)
#endif

#define NONE 0
#define THERE 1
#define LOST 2
#define TAKEN 3

#define at(side, turn, index) ((side) * TURNS * PLACES + (turn) * PLACES + (index))

byte lying[2 * TURNS * PLACES];     /* at the mailbox, by who writes */
bool skipped[2 * TURNS * PLACES];   /* its keys are kept by who reads */
byte before[2 * TURNS];             /* what the headers of a turn say: messages of the turn before */

byte turn[2];                       /* the newest of one's own; 0: none */
byte count[2];                      /* messages in it */
byte lost[2];                       /* of these the last so many were lost */
byte said[2];
byte heard[2];                      /* the newest turn of the other's that was heard of */
byte next[2];                       /* the next message of that */
bool ours[2];                       /* a new turn of the other's was heard, and none of one's own begun since */
bool passed[2];                     /* something was passed over that may be there */
bool tells[2];                      /* one can tell the addresses of the other's next turn */

inline begin(me) {
  before[me * TURNS + turn[me] + 1] = count[me];
  turn[me]++;
  count[me] = 0;
  lost[me] = 0;
  ours[me] = false;
  tells[me] = true;
  assert(turn[me] < TURNS);
  /* The other one can tell where it lies: he has begun the turn that it answers, or made the invitation. */
  assert(tells[1 - me] && heard[1 - me] + 1 == turn[me]);
}

inline pass(me, which, from, to) {
  for (i : from .. to - 1) { skipped[at(1 - me, which, i)] = true; passed[me] = true }
}

inline take(me, which, index) {
  assert(lying[at(1 - me, which, index)] == THERE);
  lying[at(1 - me, which, index)] = TAKEN;
}

proctype side(byte me) {
  byte i; byte j;
end:
  do
  /* Says something: sealed, kept and put. */
  :: atomic { said[me] < MESSAGES && (turn[me] > 0 || ours[me]) ->
       if
#ifdef EAGER
       :: turn[me] + 1 < TURNS -> begin(me)
       :: turn[me] + 1 == TURNS -> skip
#else
       :: ours[me] -> begin(me)
       :: else -> skip
#endif
       fi;
       assert(count[me] < PLACES && lying[at(me, turn[me], count[me])] == NONE);
       if
       :: lying[at(me, turn[me], count[me])] = THERE; lost[me] = 0
       :: lost[me] < LOST_MAX -> lying[at(me, turn[me], count[me])] = LOST; lost[me]++
       fi;
       said[me]++;
       if
       :: count[me]++
#ifdef SEND_FIRST
       /* It died between putting and keeping, and begins again from its disk. */
       :: skip
#endif
       fi
     }
  /* Looks at the present turn. */
  :: atomic { heard[me] > 0 && (lying[at(1 - me, heard[me], next[me])] == THERE || lying[at(1 - me, heard[me], next[me] + 1)] == THERE) ->
       j = 0;
       if
       :: lying[at(1 - me, heard[me], next[me])] == THERE
       :: lying[at(1 - me, heard[me], next[me] + 1)] == THERE -> j = 1
       fi;
       take(me, heard[me], next[me] + j);
       pass(me, heard[me], next[me], next[me] + j);
       next[me] = next[me] + j + 1
     }
#ifndef NO_NEXT
  /* Looks at the other's next turn: a header tells how long the one before was. */
  :: atomic { tells[me] && (lying[at(1 - me, heard[me] + 1, 0)] == THERE || lying[at(1 - me, heard[me] + 1, 1)] == THERE) ->
       j = 0;
       if
       :: lying[at(1 - me, heard[me] + 1, 0)] == THERE
       :: lying[at(1 - me, heard[me] + 1, 1)] == THERE -> j = 1
       fi;
       take(me, heard[me] + 1, j);
#ifndef NO_PREVIOUS
       if
       :: heard[me] > 0 ->
            assert(before[(1 - me) * TURNS + heard[me] + 1] >= next[me]);
            pass(me, heard[me], next[me], before[(1 - me) * TURNS + heard[me] + 1])
       :: else -> skip
       fi;
#endif
       pass(me, heard[me] + 1, 0, j);
       heard[me]++;
       next[me] = j + 1;
       ours[me] = true;
       tells[me] = false
     }
#endif
  /* Looks for what was passed over. */
  :: atomic { passed[me] ->
       j = 0;
       do
       :: j < TURNS * PLACES && !(skipped[(1 - me) * TURNS * PLACES + j] && lying[(1 - me) * TURNS * PLACES + j] == THERE) -> j++
       :: else -> break
       od;
       if
       :: j < TURNS * PLACES ->
            lying[(1 - me) * TURNS * PLACES + j] = TAKEN;
            skipped[(1 - me) * TURNS * PLACES + j] = false
       :: else -> passed[me] = false
       fi
     }
  od
}

/* When nobody has anything left to do. */
proctype judge() {
  byte i;
  timeout ->
  assert(said[0] == MESSAGES && said[1] == MESSAGES);
  for (i : 0 .. 2 * TURNS * PLACES - 1) { assert(lying[i] != THERE) }
}

init {
  atomic {
    /* 0 has invited, and can tell the addresses at which it is accepted; 1 accepts. */
    tells[0] = true;
    turn[1] = 1;
    tells[1] = true;
    run side(0);
    run side(1);
    run judge()
  }
}
