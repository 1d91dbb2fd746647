/*
 * A model of how the nodes of a cluster use their log, for the model checker spin.
 *
 * Two nodes, one log, one nickname that clients of both nodes claim and release. A copy of a batch that is under way can be
 * lost, and can be stored at any later time: after the batch was sent again, or after its author has crashed. A node can
 * crash, and start again from a snapshot of the other node or from the beginning of the log. A node is paused, for longer
 * than the lease, whenever spin lets the other processes run instead of it.
 *
 * No execution is infinite (`gcc -DNP`, `./pan -l`), so COMPLETED says that each batch of a living node is applied at last.
 *
 * What the model leaves out: NATS itself (the log is a list that only grows), batches of several commands, clocks, history,
 * names of nodes, the check of settings and versions. The bounds are the constants below.
 *
 *     spin -a cluster.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m2000
 *
 * That searches 0.6 million states; 5.3 million in 1.4 GB of memory with `spin -a -DENTRIES=7`. Both nodes have joined at
 * the start; with `-DEMPTY`, the log is empty.
 *
 * A macro takes a rule out, such as `spin -a -DNO_NUMBER_CHECK`. `-DPROPERTY=AT_MOST_ONCE` checks that property alone.
 * `model_test.ts` does both for each rule.
 */

/* The most entries of the log. */
#ifndef ENTRIES
#define ENTRIES 6
#endif

/* How many own beats are handed back to a node before another that was silent meanwhile is declared gone. */
#ifndef LEASE
#define LEASE 1
#endif

/* How many batches are sent again although a copy of them can still be stored, how many copies are lost, how many crashes. */
#ifndef REPEATS
#define REPEATS 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

/* The most copies of batches of a node that are under way. */
#define COPIES 2

/* Nodes that have applied the log up to the same entry have the same state. */
#define AGREEMENT 1
/* No two clients have the nickname. */
#define SINGLE_WINNER 2
/* A client knows whether it has the nickname, as far as its node has applied the log. */
#define CLIENT_KNOWS 4
/* No node applies a batch twice. */
#define AT_MOST_ONCE 8
/* After an incarnation was declared gone, none of its batches is applied. */
#define GONE_IS_FINAL 16
/* A batch is not ignored when it is handed back to its author, unless that was declared gone. */
#define APPLIED 32
/* A node is gone only if, since its last batch, LEASE beats of another one are in the log. */
#define LEASE_IS_LOGGED 64
/* In the end, all that was sent was handed back, and both nodes have applied the whole log. */
#define COMPLETED 128

#ifndef PROPERTY
#define PROPERTY 255
#endif
#define CHECK(property, condition) assert((PROPERTY & property) == 0 || (condition))

mtype = { none, hello, beat, gone, claim, release };

typedef Entry {
  mtype op;
  byte node;        /* who has sent it; not a part of the batch, and read only where a rule is taken out */
  byte incarnation; /* the place of the author's hello in the log; 0 in a hello */
  byte number;      /* counts the batches of the incarnation; 0 in a hello */
  byte argument;    /* the nonce of a hello; the incarnation that is gone */
  byte known        /* the number of the last batch that the author of `gone` knows of that incarnation */
};

/* The log, and how long it is. Places count from 1. */
Entry log[ENTRIES + 1];
byte stored;

/* The state that all nodes build from the log. The snapshot of it is a copy. */
typedef Machine {
  byte applied;           /* the place of the last entry that was applied */
  byte next[ENTRIES + 1]; /* of each living incarnation, the number of its next batch; else 0 */
  byte nonce[ENTRIES + 1];
  byte owner              /* the incarnation whose client has the nickname */
  /* Not used by any rule, only by properties: */
  byte done[ENTRIES + 1]; /* of each incarnation, a bit for each number that was applied */
  bool dead[ENTRIES + 1]  /* was declared gone */
};

/* What a node has to itself. */
typedef Node {
  bool down;
  byte incarnation;       /* 0 if it has to say hello */
  byte last;              /* the number of its last batch */
  bool holds;             /* its client was told that it has the nickname */
  bool lost;              /* a copy of the batch under way was lost */
  byte silent[ENTRIES + 1]; /* how many own beats were handed back since the last batch of another incarnation */
  byte expired;           /* an incarnation that was silent for the lease, or 0 */
  Entry pending           /* the batch under way */
};

typedef Copies { Entry copy[COPIES] };

Machine machine[2];
Node nodes[2];
Copies sent[2];

byte total;   /* how many copies were made that can be in the log one day */
byte nonces;  /* of hellos */
byte repeats;
byte losses;
byte crashes;

hidden byte i;
hidden byte j;
hidden byte place;
hidden byte key;
hidden byte found;
hidden byte effective;
hidden byte mine;
hidden byte ended; /* the incarnation that the entry has ended, or 0 */

#ifdef NO_INCARNATION_CHECK /* a batch is of a node, in whichever life it was made */
#define KEY(incarnation) log[incarnation].node + 1
#else
#define KEY(incarnation) incarnation
#endif

/* Whether an incarnation that has to be gone lives, and was not heard after its lease was over. */
#ifdef GONE_THOUGH_HEARD
#define IS_SILENT(next, known) (next != 0)
#else
#define IS_SILENT(next, known) (next == known + 1)
#endif

inline copy_entry(from, to) {
  to.op = from.op; to.node = from.node; to.incarnation = from.incarnation; to.number = from.number;
  to.argument = from.argument; to.known = from.known
}

inline clear_entry(entry) {
  entry.op = none; entry.node = 0; entry.incarnation = 0; entry.number = 0; entry.argument = 0;
  entry.known = 0
}

/* Puts a copy of the batch under way on its way to the log. */
inline send_copy(n) {
  if
  :: sent[n].copy[0].op == none -> copy_entry(nodes[n].pending, sent[n].copy[0])
  :: else -> copy_entry(nodes[n].pending, sent[n].copy[1])
  fi
}

/* Makes a batch, and sends it. */
inline append(n, what, which) {
  nodes[n].pending.op = what;
  nodes[n].pending.node = n;
  nodes[n].pending.incarnation = nodes[n].incarnation;
  nodes[n].pending.argument = which;
  if
  :: what == gone && machine[n].next[KEY(which)] != 0 -> nodes[n].pending.known = machine[n].next[KEY(which)] - 1
  :: else -> nodes[n].pending.known = 0
  fi;
  if
  :: what == hello -> nodes[n].pending.number = 0
  :: else -> nodes[n].last++; nodes[n].pending.number = nodes[n].last
  fi;
  total++;
  send_copy(n)
}

/* Whether no earlier entry is a copy of the same batch. */
inline check_first(at) {
  mine = true;
  for (j : 1 .. at) {
    if
    :: j < at && log[j].incarnation == log[at].incarnation && log[j].number == log[at].number && log[j].op != hello ->
      mine = false
    :: else
    fi
  }
}

/* LEASE beats of the author of `gone`, which is at `place`, are in the log after the last batch of the one that it ends. */
inline check_lease(n) {
  found = 0;
  for (i : 1 .. place - 1) {
    check_first(i);
    if
    :: log[i].op != hello && log[i].incarnation == ended && mine -> found = 0
    :: i == ended -> found = 0
    :: log[i].op == beat && log[i].incarnation == log[place].incarnation && mine -> found++
    :: else
    fi
  }
  CHECK(LEASE_IS_LOGGED, found >= LEASE)
}

/* The rules of applying: what the entry at `place` does to the state of a node. */
inline apply(n) {
  effective = false;
  ended = 0;
  if
  :: log[place].op == hello ->
    /* A hello that was stored twice makes one incarnation. */
    found = 0;
    for (i : 1 .. ENTRIES) {
      if
      :: machine[n].next[i] != 0 && machine[n].nonce[i] == log[place].argument -> found = 1
      :: else
      fi
    }
    if
    :: found == 0 ->
      effective = true;
      machine[n].next[KEY(place)] = 1;
      machine[n].nonce[KEY(place)] = log[place].argument
    :: else
    fi
  :: else ->
    key = KEY(log[place].incarnation);
    if
    :: machine[n].next[key] == 0                             /* unknown or gone */
    :: else ->
      if
#ifndef NO_NUMBER_CHECK
      :: log[place].number != machine[n].next[key]           /* stored before */
#endif
      :: else -> effective = true
      fi
    fi
  fi;
  if
  :: effective && log[place].op != hello ->
    CHECK(AT_MOST_ONCE, !(machine[n].done[log[place].incarnation] & (1 << log[place].number)));
    CHECK(GONE_IS_FINAL, !machine[n].dead[log[place].incarnation]);
    machine[n].done[log[place].incarnation] = machine[n].done[log[place].incarnation] | (1 << log[place].number);
    machine[n].next[key] = log[place].number + 1;
    if
    :: log[place].op == claim && machine[n].owner == 0 -> machine[n].owner = log[place].incarnation
    :: log[place].op == release && machine[n].owner == log[place].incarnation -> machine[n].owner = 0
    :: log[place].op == gone && IS_SILENT(machine[n].next[KEY(log[place].argument)], log[place].known) ->
      ended = log[place].argument;
      check_lease(n);
#ifndef NO_GONE_CHECK
      machine[n].next[KEY(ended)] = 0;
      machine[n].nonce[KEY(ended)] = 0;
#endif
      machine[n].dead[ended] = true;
      if
      :: machine[n].owner == ended -> machine[n].owner = 0
      :: else
      fi
    :: else
    fi
  :: else
  fi
}

/* What a node does with an entry that it has just applied. */
inline handle(n) {
  /* Handed back: the first copy of the batch under way. */
  mine = nodes[n].pending.op != none && log[place].node == n && log[place].op == nodes[n].pending.op &&
    log[place].incarnation == nodes[n].pending.incarnation && log[place].number == nodes[n].pending.number &&
    (log[place].op != hello || log[place].argument == nodes[n].pending.argument);
  if
  :: mine ->
    clear_entry(nodes[n].pending);
    nodes[n].lost = false;
    CHECK(APPLIED, effective || log[place].incarnation != nodes[n].incarnation);
    if
    :: log[place].op == hello ->
      nodes[n].incarnation = place;
      nodes[n].last = 0;
      nodes[n].expired = 0;
      for (i : 1 .. ENTRIES) { nodes[n].silent[i] = 0 }
    :: log[place].incarnation == nodes[n].incarnation && nodes[n].incarnation != 0 ->
      if
#ifndef WINNER_BY_ACKNOWLEDGEMENT
      :: log[place].op == claim -> nodes[n].holds = (machine[n].owner == nodes[n].incarnation)
#endif
      :: log[place].op == release -> nodes[n].holds = false
      :: log[place].op == beat ->
#ifndef LEASE_BY_CLOCK
        count_beat(n)
#endif
        skip
      :: else
      fi
    :: else
    fi
  :: else
  fi;
  if
  :: effective && log[place].op != hello && log[place].incarnation != nodes[n].incarnation ->
    nodes[n].silent[log[place].incarnation] = 0;
    if
    :: nodes[n].expired == log[place].incarnation -> nodes[n].expired = 0
    :: else
    fi
  :: else
  fi;
  if
  :: ended != 0 && ended == nodes[n].expired -> nodes[n].expired = 0
  :: else
  fi;
  /* It was declared gone: its client is disconnected, and it says hello again. */
  if
  :: ended != 0 && ended == nodes[n].incarnation ->
#ifndef NO_CLOSE_WHEN_GONE
    nodes[n].holds = false;
#endif
    nodes[n].incarnation = 0;
    nodes[n].last = 0;
    nodes[n].expired = 0;
    for (i : 1 .. ENTRIES) { nodes[n].silent[i] = 0 }
  :: else
  fi
}

/* One more own beat in which other incarnations were silent. */
inline count_beat(n) {
  for (i : 1 .. ENTRIES) {
    if
    :: i != nodes[n].incarnation && machine[n].next[i] != 0 ->
      if
      :: nodes[n].silent[i] < LEASE -> nodes[n].silent[i]++
      :: else
      fi;
      if
      :: nodes[n].silent[i] == LEASE -> nodes[n].expired = i
      :: else
      fi
    :: else
    fi
  }
}

inline check_states(n) {
  if
  :: !nodes[0].down && !nodes[1].down && machine[0].applied == machine[1].applied ->
    CHECK(AGREEMENT, machine[0].owner == machine[1].owner);
    for (i : 1 .. ENTRIES) {
      CHECK(AGREEMENT, machine[0].next[i] == machine[1].next[i])
    }
    CHECK(SINGLE_WINNER, !(nodes[0].holds && nodes[1].holds))
  :: else
  fi;
  if
  :: nodes[n].incarnation != 0 -> CHECK(CLIENT_KNOWS, nodes[n].holds == (machine[n].owner == nodes[n].incarnation))
  :: else
  fi
}

/* A node may append: none of its batches is under way, and the model has room for the entry. */
#define FREE(n) (nodes[n].pending.op == none && total < ENTRIES && \
  (sent[n].copy[0].op == none || sent[n].copy[1].op == none))

#define MAY_SEND_AGAIN(n) (nodes[n].pending.op != none && (sent[n].copy[0].op == none || sent[n].copy[1].op == none))

proctype Run(byte n) {
end:
  do
  /* The next entry. */
  :: d_step { !nodes[n].down && machine[n].applied < stored ->
      place = machine[n].applied + 1; machine[n].applied = place; apply(n); handle(n); check_states(n); place = 0 }
#ifdef NO_ORDER /* an entry that was not received is not fetched */
  :: d_step { !nodes[n].down && machine[n].applied + 1 < stored ->
      place = machine[n].applied + 2; machine[n].applied = place; apply(n); handle(n); check_states(n); place = 0 }
#endif
  :: d_step { !nodes[n].down && FREE(n) && nodes[n].incarnation == 0 && (n == 0 || nonces > 0) -> nonces++; append(n, hello, nonces) }
  :: d_step { !nodes[n].down && FREE(n) && nodes[n].incarnation != 0 ->
      append(n, beat, 0) }
#ifdef LEASE_BY_CLOCK /* an outage of NATS counts, too */
  :: d_step { !nodes[n].down && nodes[n].incarnation != 0 && nodes[n].expired == 0 -> count_beat(n); skip }
#endif
  :: d_step { !nodes[n].down && FREE(n) && nodes[n].incarnation != 0 && !nodes[n].holds -> append(n, claim, 0) }
  :: d_step { !nodes[n].down && FREE(n) && nodes[n].incarnation != 0 && nodes[n].holds -> append(n, release, 0) }
  :: d_step { !nodes[n].down && FREE(n) && nodes[n].incarnation != 0 && nodes[n].expired != 0 ->
      append(n, gone, nodes[n].expired) }
  /* The acknowledgement is lost, or late: the batch is sent again, and may be stored twice. */
  :: d_step { !nodes[n].down && MAY_SEND_AGAIN(n) && repeats < REPEATS && total < ENTRIES ->
      repeats++; total++; send_copy(n) }
  :: d_step { !nodes[n].down && MAY_SEND_AGAIN(n) && nodes[n].lost -> nodes[n].lost = false; send_copy(n) }
  /* A crash. Copies that are under way can still be stored. */
  :: d_step { !nodes[n].down && crashes < CRASHES ->
      crashes++;
      nodes[n].down = true; nodes[n].incarnation = 0; nodes[n].last = 0; nodes[n].holds = false; nodes[n].lost = false;
      nodes[n].expired = 0;
      clear_entry(nodes[n].pending);
      for (i : 0 .. ENTRIES) {
        nodes[n].silent[i] = 0; machine[n].next[i] = 0; machine[n].nonce[i] = 0; machine[n].done[i] = 0;
        machine[n].dead[i] = false
      }
      machine[n].applied = 0; machine[n].owner = 0 }
  /* It starts again, and applies the log from the beginning; or from a snapshot of the other node. */
  :: d_step { nodes[n].down -> nodes[n].down = false }
  :: d_step { nodes[n].down && !nodes[1 - n].down ->
      nodes[n].down = false;
      machine[n].applied = machine[1 - n].applied;
      machine[n].owner = machine[1 - n].owner;
      for (i : 1 .. ENTRIES) {
        machine[n].next[i] = machine[1 - n].next[i];
#ifdef SNAPSHOT_WITHOUT_NUMBERS
        if
        :: machine[n].next[i] != 0 -> machine[n].next[i] = 1
        :: else
        fi;
#endif
        machine[n].nonce[i] = machine[1 - n].nonce[i];
        machine[n].done[i] = machine[1 - n].done[i];
        machine[n].dead[i] = machine[1 - n].dead[i]
      }
      check_states(n) }
  od
}

/* The copies that are under way have no order: the first place is used first, which spares states. */
inline drop_copy(n, c) {
  if
  :: c == 0 -> copy_entry(sent[n].copy[1], sent[n].copy[0])
  :: else
  fi;
  clear_entry(sent[n].copy[1])
}

inline store(n, c) {
  stored++;
  copy_entry(sent[n].copy[c], log[stored]);
#ifdef WINNER_BY_ACKNOWLEDGEMENT
  if
  :: sent[n].copy[c].op == claim && sent[n].copy[c].incarnation == nodes[n].incarnation -> nodes[n].holds = true
  :: else
  fi;
#endif
  drop_copy(n, c)
}

inline lose(n, c) {
  losses++;
  if
  :: nodes[n].pending.op != none && sent[n].copy[c].incarnation == nodes[n].pending.incarnation &&
      sent[n].copy[c].number == nodes[n].pending.number -> nodes[n].lost = true
  :: else
  fi;
  drop_copy(n, c)
}

/* NATS: stores what was sent, in any order, or loses it. */
proctype Store() {
end:
  do
  :: d_step { sent[0].copy[0].op != none -> store(0, 0) }
  :: d_step { sent[0].copy[1].op != none -> store(0, 1) }
  :: d_step { sent[1].copy[0].op != none -> store(1, 0) }
  :: d_step { sent[1].copy[1].op != none -> store(1, 1) }
  :: d_step { losses < LOSSES && sent[0].copy[0].op != none -> lose(0, 0) }
  :: d_step { losses < LOSSES && sent[0].copy[1].op != none -> lose(0, 1) }
  :: d_step { losses < LOSSES && sent[1].copy[0].op != none -> lose(1, 0) }
  :: d_step { losses < LOSSES && sent[1].copy[1].op != none -> lose(1, 1) }
  od
}

/* A node has joined. */
inline join(n) {
  stored++; total++; nonces++;
  log[stored].op = hello; log[stored].node = n; log[stored].argument = nonces;
  nodes[n].incarnation = stored;
  for (i : 0 .. 1) {
    machine[i].applied = stored; machine[i].next[KEY(stored)] = 1; machine[i].nonce[KEY(stored)] = nonces
  }
}

init {
  atomic {
    clear_entry(nodes[0].pending); clear_entry(nodes[1].pending);
    clear_entry(sent[0].copy[0]); clear_entry(sent[0].copy[1]); clear_entry(sent[1].copy[0]); clear_entry(sent[1].copy[1]);
#ifndef EMPTY
    join(0); join(1);
#endif
    run Run(0); run Run(1); run Store()
  }
  /* Nothing can happen any more. */
  timeout ->
  d_step {
    CHECK(COMPLETED, machine[0].applied == stored && machine[1].applied == stored);
    CHECK(COMPLETED, nodes[0].pending.op == none && nodes[1].pending.op == none)
  }
}
