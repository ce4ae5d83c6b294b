/*
 * share.pml - agreed link key moves to the other direction, and stores go back
 * in time (doc/ARCHITECTURE.md, "Shares" and "Marks"): kma/linkshare.c,
 * linkcompare.c, and what spends a block, here as frames of relay.c, hop.c.
 *
 * L opens the channel. Blocks 1..N are agreed, odd ones owned by H, even ones
 * by L, until they move; sets of them are bit masks. Events, commits, crashes
 * and time are those of agreement.pml. What is in the channel is lost or
 * arrives in order; a frame may come once more, long after. Besides, one end's
 * store may go back to what it was once ("restored").
 *
 * Shown: a block has one owner or none, in memory and on disk; none is used
 * twice, and what both ends used is not used again, whatever store goes back;
 * when faults have ended both ends have the same stock and the same owners.
 */

#define L	0
#define H	1
#ifndef N
#define N	2
#endif
#ifndef FAULTS
#define FAULTS	2
#endif
#ifndef TAKES
#define TAKES	2		/* frames that the ends want to send */
#endif
#ifndef RESTORES
#define RESTORES 0		/* 1: a store may go back, too */
#endif
#ifndef GIVES
#define GIVES	2		/* times that an end gives all it can */
#endif

#define BIT(i)		((1 << (i)) >> 1)
#define ALL		((1 << N) - 1)
#define MINE(e)		(5 << (1 - (e)))
#define PEER(e)		(1 - (e))
#define OWNER(e)	((dagreed[e] & MINE(e)) | (dmoved[e] & ~MINE(e)))

mtype:msg = { HELLO, ACK, OWNED, HELD, GIVE, TOOK, FRAME };
mtype:job = { STRIKE, MOVE, SPEND, TAKEN, DROP };
mtype:state = { DOWN, COMPARING, UP };

/*
 * HELLO nonce mark seen; ACK nonce session mark seen; the others: session,
 * mark, then OWNED, HELD set; GIVE, TOOK give set. FRAME pad.
 */
chan net[2] = [3] of { mtype:msg, byte, byte, byte, byte };
/* STRIKE set give; MOVE set taken give; the others: set; the last: mark */
chan job[2] = [2] of { mtype:job, byte, byte, byte, byte };

/* On disk: blocks of state 1 and 2, marks. */
byte dagreed[2], dmoved[2], dmark[2], dseen[2];

/* In memory. */
byte own[2], theirs[2], mark[2], marknext[2], seen[2];
mtype:state state[2] = DOWN;
bool up[2], gotowned[2], gotheld[2];
byte session[2], pending, pendingfor, nonces, hello;
bool backl, backh;		/* of the session that is being opened */
byte seenl, seenh;		/* what it said of our mark */
byte giving[2], give[2];
bool striking[2], taking[2];

/* The world. */
byte sent, used, faults, takes, gives;
byte late;
bool saved, restored; byte whose, sagreed, smoved, smark, sseen;

/* Scratch. */
mtype:msg k; mtype:job jk; byte m1, m2, m3, m4, j1, j2, j3, j4, x, y; bool ok;

/* A trace reads as a story. What the code does at a STEP of this name stands
 * there as "model: share NAME". */
#define STEP(e, what)	printf("%c ", 76 - 4 * (e)); printf(what)
#define FAULT(e, what)	printf("  fault at %c: ", 76 - 4 * (e)); printf(what)

inline wipe()
{
	k = 0; jk = 0; m1 = 0; m2 = 0; m3 = 0; m4 = 0; j1 = 0; j2 = 0; j3 = 0;
	j4 = 0; x = 0; y = 0; ok = false
}

/* What does not fit is lost. */
inline send(e, kind, p1, p2, p3, p4)
{
	if
	:: len(net[PEER(e)]) < 3 -> net[PEER(e)]!kind, p1, p2, p3, p4
	:: else
	fi
}

inline say(e, kind, p3, p4)			/* in the channel */
{
	if
	:: up[e] -> send(e, kind, session[e], mark[e], p3, p4)
	:: else
	fi
}

inline commit(e, kind, p1, p2, p3, p4)
{
	assert(len(job[e]) < 2);
	job[e]!kind, p1, p2, p3, p4
}

inline lowest(set, out)
{
	out = 1;
	do
	:: (set & BIT(out)) == 0 -> out++
	:: else -> break
	od
}

/* ---- the committer ---- */

/* The first job reaches the disk; ok: it was not undone. */
inline write(e)
{
	job[e]?jk, j1, j2, j3, j4;
	if
	:: jk == STRIKE || jk == MOVE ->
		ok = (j1 & ~dagreed[e]) == 0;
		if
		:: ok ->
			dagreed[e] = dagreed[e] & ~j1;
			dmoved[e] = dmoved[e] | j1
		:: else
		fi
	:: jk == SPEND || jk == TAKEN ->
		ok = ((dagreed[e] | dmoved[e]) & j1) != 0;
		dagreed[e] = dagreed[e] & ~j1;
		dmoved[e] = dmoved[e] & ~j1
	:: else ->
		ok = true;
		dagreed[e] = dagreed[e] & ~j1;
		dmoved[e] = dmoved[e] & ~j1
	fi;
	if
	:: ok && j4 > dmark[e] -> dmark[e] = j4
	:: else
	fi;
	assert(restored || (OWNER(L) & OWNER(H)) == 0)
}

inline void(e, set)
{
	if
	:: (set) != 0 -> commit(e, DROP, set, 0, 0, 0)
	:: else
	fi
}

inline use(e, set)		/* the block's octets leave */
{
	assert((used & set) == 0 && (restored || (sent & set) == 0));
	sent = sent | set
}

/* What follows its commit. */
inline after(e)
{
	if
	:: ok && j4 > mark[e] -> mark[e] = j4
	:: else
	fi;
	if
	:: jk == STRIKE ->
		STEP(e, "struck\n");
		striking[e] = false;
		if
		:: ok && state[e] == UP ->
			theirs[e] = theirs[e] | j1;
			say(e, GIVE, give[e], giving[e])
		:: else ->
			void(e, j1);
			giving[e] = 0
		fi
	:: jk == MOVE ->
		STEP(e, "moved\n");
		taking[e] = false;
		if
		:: ok ->
			own[e] = own[e] | j1;
			if
			:: state[e] == UP -> say(e, TOOK, j3, j2)
			:: else
			fi
		:: else -> void(e, j1)
		fi
	:: jk == SPEND && ok ->
		STEP(e, "spent\n");
		use(e, j1);
		send(e, FRAME, j1, 0, 0, 0)
	:: jk == TAKEN && ok ->
		STEP(e, "arrived\n");
		assert((used & j1) == 0);
		used = used | j1
	:: else
	fi
}

/* linktx_commit_sync() */
inline drain(e)
{
	do
	:: len(job[e]) > 0 -> write(e); after(e)
	:: else -> break
	od
}

/* ---- the channel ---- */

inline go_down(e)
{
	up[e] = false;
	session[e] = 0;
	gotowned[e] = false;
	gotheld[e] = false;
	state[e] = DOWN
}

inline see(e, what)
{
	if
	:: what > seen[e] -> seen[e] = what; dseen[e] = what
	:: else
	fi
}

/* One store went back in time: nothing agreed is safe. */
inline compare_void(e, myseen)
{
	STEP(e, "compare_void\n");
	own[e] = 0; theirs[e] = 0; giving[e] = 0;
	dagreed[e] = 0; dmoved[e] = 0;
	marknext[e] = (myseen > marknext[e] -> myseen : marknext[e]);
	marknext[e]++;
	dmark[e] = marknext[e];
	mark[e] = marknext[e]
}

/* back: either store is older than the other end remembers */
inline channel_up(e, back, peermark, myseen)
{
	STEP(e, "compare\n");
	up[e] = true;
	drain(e);
	giving[e] = 0;
	state[e] = COMPARING;
#ifndef MUTATE_NO_MARKS
	if
	:: back -> compare_void(e, myseen)
	:: else
	fi;
#endif
	see(e, peermark);
	gotowned[e] = false;
	gotheld[e] = false;
	say(e, OWNED, own[e], 0)
}

inline compared(e)
{
	if
	:: gotowned[e] && gotheld[e] && state[e] == COMPARING ->
		STEP(e, "up\n");
		state[e] = UP
	:: else
	fi
}

inline send_hello()
{
	STEP(L, "hello\n");
	if
	:: hello == 0 -> nonces++; hello = nonces
	:: else
	fi;
	go_down(L);
	send(L, HELLO, hello, mark[L], seen[L], 0)
}

inline on_hello()
{
	if
	:: pending == 0 || pendingfor != m1 ->
		nonces++;
		pending = nonces;
		pendingfor = m1
	:: else
	fi;
	backh = mark[H] < m3 || m2 < seen[H];
	seenh = m3;
	send(H, ACK, m1, pending, mark[H], seen[H])
}

inline on_ack()
{
	if
	:: hello != 0 && m1 == hello ->
		hello = 0;
		session[L] = m2;
		ok = mark[L] < m4 || m3 < seen[L];
		backl = ok;
		seenl = m4;
		channel_up(L, backl, m3, seenl);
		backl = false;
		seenl = 0
	:: else
	fi
}

/* ---- shares ---- */

inline strike(e)
{
	STEP(e, "strike\n");
	x = own[e] & MINE(e);
	giving[e] = x;
	own[e] = own[e] & ~x;
	marknext[e]++;
	give[e] = marknext[e];
	striking[e] = true;
#ifdef MUTATE_GIVE_BEFORE_COMMIT
	theirs[e] = theirs[e] | x;
	say(e, GIVE, give[e], x);
#endif
	commit(e, STRIKE, x, 0, give[e], marknext[e])
}

/* m3 give, m4 set */
inline on_give(e)
{
	STEP(e, "on_give\n");
	x = m4 & theirs[e];			/* to be ours */
	y = x | (m4 & own[e]);			/* ours then */
	theirs[e] = theirs[e] & ~x;
	taking[e] = true;
	if
	:: x != 0 -> marknext[e]++
	:: else
	fi;
#ifdef MUTATE_OWN_BEFORE_COMMIT
	own[e] = own[e] | x;
	say(e, TOOK, m3, y);
#endif
	if
	:: x != 0 -> commit(e, MOVE, x, y, m3, marknext[e])
	:: else -> commit(e, MOVE, x, y, m3, 0)
	fi
}

inline on_taken(e)
{
	STEP(e, "on_taken\n");
	x = giving[e] & ~m4;
	theirs[e] = theirs[e] & ~x;
	void(e, x);
	giving[e] = 0
}

/* ---- messages ---- */

inline keep(e, set, other)
{
	x = set & ~(other);
#ifdef MUTATE_NO_COMPARE
	x = (state[e] == COMPARING -> 0 : x);
#endif
	set = set & ~x;
	void(e, x)
}

/* In the channel: its session is the one in use, or the one being opened. */
inline on_data(e)
{
	if
	:: e == H && m1 == pending && m1 != session[e] ->
		go_down(e);
		session[e] = pending;
		pending = 0; pendingfor = 0;
		channel_up(e, backh, m2, seenh);
		backh = false; seenh = 0;
		ok = true
	:: else -> ok = up[e] && m1 == session[e]
	fi;
	if
	:: ok -> see(e, m2)
	:: else
	fi;
	if
	:: ok && k == OWNED ->
		STEP(e, "owned\n");
		keep(e, theirs[e], m3 | giving[e]);
		say(e, HELD, theirs[e], 0);
		gotowned[e] = true;
		compared(e)
	:: ok && k == HELD && !gotheld[e] ->
		STEP(e, "held\n");
		keep(e, own[e], m3);
		gotheld[e] = true;
		compared(e)
	:: ok && k == GIVE && state[e] == UP && !taking[e] -> on_give(e)
	:: ok && k == TOOK && state[e] == UP && !striking[e] &&
	    m3 == give[e] && giving[e] != 0 -> on_taken(e)
	:: else
	fi
}

inline frame_in(e)
{
	if
	:: state[e] == UP && (theirs[e] & m1) != 0 ->
		STEP(e, "arrive\n");
		theirs[e] = theirs[e] & ~m1;
		marknext[e]++;
		commit(e, TAKEN, m1, 0, 0, marknext[e])
	:: else
	fi
}

inline on_message(e)
{
	net[e]?k, m1, m2, m3, m4;
	if
	:: k == HELLO -> on_hello()
	:: k == ACK -> on_ack()
	:: k == FRAME -> frame_in(e)
	:: else -> on_data(e)
	fi;
	assert(restored || (own[L] & own[H]) == 0);
	wipe()
}

/* ---- an end ---- */

inline take(e)
{
	STEP(e, "take\n");
	lowest(own[e], x);
	own[e] = own[e] & ~BIT(x);
	marknext[e]++;
#ifdef MUTATE_SPEND_AFTER_SEND
	use(e, BIT(x));
	send(e, FRAME, BIT(x), 0, 0, 0);
	commit(e, DROP, BIT(x), 0, 0, marknext[e])
#else
	commit(e, SPEND, BIT(x), 0, 0, marknext[e])
#endif
}

inline crash(e)
{
	FAULT(e, "crash\n");
	faults--;
	do
	:: len(job[e]) > 0 -> job[e]?jk, j1, j2, j3, j4
	:: else -> break
	od;
	if
	:: saved && !restored && whose == e && faults > 0 && y == 1 ->
		FAULT(e, "restored\n");
		faults--;
		restored = true;
		dagreed[e] = sagreed; dmoved[e] = smoved;
		dmark[e] = smark; dseen[e] = sseen;
		sagreed = 0; smoved = 0; smark = 0; sseen = 0
	:: else
	fi;
	own[e] = OWNER(e);
	theirs[e] = (dagreed[e] | dmoved[e]) & ~own[e];
	mark[e] = dmark[e]; marknext[e] = dmark[e]; seen[e] = dseen[e];
	go_down(e);
	giving[e] = 0; give[e] = 0; striking[e] = false; taking[e] = false;
	if
	:: e == L -> hello = 0
	:: else -> pending = 0; pendingfor = 0; backh = false; seenh = 0
	fi;
	wipe()
}

proctype kma(byte e)
{
	do
	:: d_step { len(net[e]) > 0 && len(job[e]) < 2 -> on_message(e) }
	:: d_step { len(job[e]) > 0 ->
		write(e);
		after(e);
		wipe()
	   }
	:: d_step { takes > 0 && state[e] == UP && own[e] != 0 &&
	    len(job[e]) < 2 ->
		takes--;
		take(e);
		wipe()
	   }
	/* The other end has asked. */
	:: d_step { gives > 0 && state[e] == UP && !striking[e] &&
	    giving[e] == 0 && (own[e] & MINE(e)) != 0 && len(job[e]) < 2 ->
		gives--;
		strike(e);
		wipe()
	   }

	/* A crash; so many jobs were on disk. */
	:: d_step { faults > 0 -> crash(e) }
	:: d_step { faults > 0 && len(job[e]) > 0 -> write(e); crash(e) }
	:: d_step { faults > 0 && len(job[e]) > 1 ->
		write(e); write(e); crash(e)
	   }
	:: d_step { RESTORES && faults > 1 && saved && !restored && whose == e ->
		y = 1; crash(e)
	   }
	/* A copy of the store; of use only if it comes back. */
	:: d_step { RESTORES && faults > 1 && !saved ->
		saved = true; whose = e;
		sagreed = dagreed[e]; smoved = dmoved[e];
		smark = dmark[e]; sseen = dseen[e]
	   }

	:: d_step { faults > 0 && len(net[e]) > 0 ->
		FAULT(e, "message lost\n");
		faults--;
		net[e]?k, m1, m2, m3, m4;
		wipe()
	   }
	:: d_step { faults > 0 && late == 0 && net[e]?[FRAME, _, _, _, _] ->
		FAULT(e, "frame noted\n");
		faults--;
		net[e]?<k, m1, m2, m3, m4>;
		late = m1 | (e << 7);
		wipe()
	   }
	:: d_step { late != 0 && (late >> 7) == e && len(net[e]) < 3 ->
		FAULT(e, "frame comes once more\n");
		x = late & 127;
		net[e]!FRAME, x, 0, 0, 0;
		late = 0;
		wipe()
	   }
	od
}

/* ---- the world ---- */

#define REST	(len(net[L]) == 0 && len(net[H]) == 0 && \
		    len(job[L]) == 0 && len(job[H]) == 0)
#define TOGETHER (up[L] && up[H] && session[L] == session[H])
#define CALM	(REST && TOGETHER && state[L] == UP && state[H] == UP && \
		    giving[L] == 0 && giving[H] == 0 && \
		    own[L] == theirs[H] && own[H] == theirs[L] && \
		    own[L] == OWNER(L) && own[H] == OWNER(H) && \
		    (own[L] | theirs[L]) == (dagreed[L] | dmoved[L]) && \
		    (own[H] | theirs[H]) == (dagreed[H] | dmoved[H]))

/* What only its owner holds goes when that uses it: a frame in vain. */
inline timers(e)
{
	x = own[e] | giving[e];
	if
	:: state[e] == COMPARING -> say(e, OWNED, own[e], 0)
	:: state[e] == UP && giving[e] != 0 -> say(e, GIVE, give[e], giving[e])
	:: state[e] == UP && giving[e] == 0 && (theirs[PEER(e)] & ~x) != 0 ->
		say(e, OWNED, x, 0)
	:: state[e] == UP && giving[e] == 0 && (own[e] & ~theirs[PEER(e)] &
	    ~giving[PEER(e)]) != 0 -> take(e)
	:: else
	fi
}

proctype world()
{
	do
	:: d_step { REST && !CALM ->
		printf("  time\n");
		ok = TOGETHER;
		if
		:: !ok && up[H] -> go_down(H)
		:: else
		fi;
		if
		:: !ok -> send_hello()
		:: else -> timers(L); timers(H)
		fi;
		wipe()
	   }
	:: d_step { faults > 0 && up[L] ->
		FAULT(L, "opens anew\n");
		faults--;
		send_hello();
		wipe()
	   }
	:: d_step { faults > 0 && giving[L] != 0 && state[L] == UP &&
	    !striking[L] ->
		FAULT(L, "is impatient\n");
		faults--;
		say(L, GIVE, give[L], giving[L])
	   }
	od
}

init {
	atomic {
		dagreed[L] = ALL; dagreed[H] = ALL;
		own[L] = ALL & MINE(L); theirs[L] = ALL & ~own[L];
		own[H] = ALL & MINE(H); theirs[H] = ALL & ~own[H];
		faults = FAULTS; takes = TAKES; gives = GIVES;
		run kma(L); run kma(H); run world()
	}
}

ltl heals { [] <> CALM }
