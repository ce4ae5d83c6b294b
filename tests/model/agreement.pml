/*
 * agreement.pml - two KMAs agree on link key (doc/ARCHITECTURE.md, "Link-key
 * agreement"): kma/linkagree.c, linkauth.c on common/authlink.c,
 * linkcompare.c, linkpull.c, and what spends a block, here as frames of
 * relay.c and hop.c.
 *
 * L has the lower KM ID: it proposes, and it opens the channel. Blocks are
 * 1..N, odd ones owned by H, even ones by L; sets of them are bit masks. An
 * end is an event loop, so what it does at one event is one atomic step; the
 * step's name stands at its place in the code ("model: NAME"). Commits are
 * jobs, done in order and later; what follows a commit is done after it. A
 * crash leaves on disk what a beginning of the jobs wrote, and forgets the
 * rest; a full disk leaves a verdict unwritten. The network loses a message,
 * brings an old one once more (what is in the channel is counted, so not
 * that), or makes an end open anew. Each of these is a fault. When all is
 * quiet the timers fire.
 *
 * Shown: no block is used twice, or for two things; what L takes for agreed
 * is not new at H; when faults have ended the link comes up, as long as the
 * ends have a key in common or a block to agree on, every block gets its
 * verdict, and both ends have the same stock. What only its owner holds, after
 * a race of two offers, goes when it is used: a frame in vain.
 */

#define L	0
#define H	1
#ifndef N
#define N	4		/* blocks that the modules make */
#endif
#ifndef FAULTS
#define FAULTS	2		/* crashes, and faults of the network */
#endif
#ifndef TAKES
#define TAKES	2		/* frames that the ends want to send */
#endif

#define NET	3		/* messages on their way, each way */

#define BIT(i)		((1 << (i)) >> 1)
#define UPTO(i)		((1 << (i)) - 1)
#define MINE(e)		(5 << (1 - (e)))
#define PEER(e)		(1 - (e))
#define OWN(e)		(stock[e] & MINE(e))
#define THEIRS(e)	(stock[e] & MINE(PEER(e)))
#define IDLE(e)		(fresh[e] & ~busy[e])
#define ROWS(e)		(dnew[e] | dagreed[e])
#define KNOWS(e, k)	(k != 0 && (k == control[e] || k == before[e] || \
			    (THEIRS(e) & BIT(k)) != 0))

mtype:msg = { HELLO, ACK, NEED, PLEASE, OWNED, HELD, OFFER, ANSWER, FRAME };
mtype:job = { VERDICT, SPEND, TAKEN, DROP };
mtype:state = { DOWN, COMPARING, UP };

/*
 * HELLO key nonce; ACK key nonce session; NEED key; the others: session (0:
 * in the open), then OWNED, HELD set; OFFER items first last; ANSWER accepted
 * absent lost last; FRAME pad.
 */
chan net[2] = [NET] of { mtype:msg, byte, byte, byte, byte, byte };
/* VERDICT agreed void answers; SPEND, TAKEN, DROP set. */
chan job[2] = [2] of { mtype:job, byte, byte, bool };
/* H: answers that wait for their commits. */
chan reply = [2] of { byte, byte, byte, byte, bool };

/* On disk. */
byte dnew[2], dagreed[2], dlast[2], dcontrol[2];

/* In memory: blocks not agreed yet; stock; the channel; control keys. */
byte fresh[2], busy[2], verdict[2], used[2];
byte stock[2], last[2], resolved, old;
bool waiting;		/* L: for an answer */
mtype:state state[2] = DOWN;
bool up[2], gotowned[2], gotheld[2];
byte session[2], pending, pendingfor;	/* H: being opened, by that HELLO */
byte nonces, hello, hellokey, opening[2];
byte control[2], before[2];
bool proved[2], aged[2], needed;

/* The world: what modules lost or changed, what was used and for what. */
byte gap[2], differ;
byte sent, taken, ascontrol;
byte faults, takes;
mtype:msg late; byte lateto, l1, l2, l3, l4, l5;

/* Scratch, 0 between steps. */
mtype:msg k; mtype:job jk; byte m1, m2, m3, m4, m5, j1, j2, r1, r2, r3, r4;
byte x, y, z, w; bool ok, ra, ja;

#define QUIET	(len(net[L]) == 0 && len(net[H]) == 0 && len(job[L]) == 0 && \
		    len(job[H]) == 0)

inline wipe()
{
	k = 0; jk = 0; m1 = 0; m2 = 0; m3 = 0; m4 = 0; m5 = 0; j1 = 0; j2 = 0;
	r1 = 0; r2 = 0; r3 = 0; r4 = 0; x = 0; y = 0; z = 0; w = 0;
	ok = false; ra = false; ja = false
}

/* What does not fit is lost. */
inline send(e, kind, p1, p2, p3, p4, p5)
{
	if
	:: len(net[PEER(e)]) < NET ->
		net[PEER(e)]!kind, p1, p2, p3, p4, p5
	:: else
	fi
}

inline commit(e, kind, p1, p2, answers)
{
	assert(len(job[e]) < 2);
	job[e]!kind, p1, p2, answers
}

/* A trace reads as a story. What the code does at a STEP of this name stands
 * there as "model: agreement NAME". */
#define STEP(e, what)	printf("%c ", 76 - 4 * (e)); printf(what)
#define FAULT(e, what)	printf("  fault at %c: ", 76 - 4 * (e)); printf(what)

/* ---- the committer ---- */

inline lowest(set, out)
{
	out = 1;
	do
	:: (set & BIT(out)) == 0 -> out++
	:: else -> break
	od
}

inline highest(set, out)
{
	out = N;
	do
	:: (set & BIT(out)) == 0 -> out--
	:: else -> break
	od
}

inline use(set)		/* the block's octets leave, or are used here */
{
	assert(((sent | ascontrol) & set) == 0);
	sent = sent | set
}

/* The first job reaches the disk; ok: it was not undone. */
inline write(e)
{
	job[e]?jk(j1, j2, ja);
	ok = true;
	if
	:: jk == VERDICT ->
		dagreed[e] = (dagreed[e] | (j1 & dnew[e])) & ~j2;
		dnew[e] = dnew[e] & ~(j1 | j2)
	:: jk == SPEND || jk == TAKEN ->
		ok = (ROWS(e) & j1) != 0;
		dnew[e] = dnew[e] & ~j1;
		dagreed[e] = dagreed[e] & ~j1
	:: else ->
		dnew[e] = dnew[e] & ~j1;
		dagreed[e] = dagreed[e] & ~j1
	fi
}

inline answer(e)
{
	reply?r1, r2, r3, r4, ra;
	if
	:: !ra -> send(e, ANSWER, 0, r1, r2, r3, r4)
	:: ra && up[e] -> send(e, ANSWER, session[e], r1, r2, r3, r4)
	:: else
	fi
}

/* What follows its commit. */
inline after(e)
{
	if
	:: jk == VERDICT ->
		STEP(e, "agreed\n");
		assert(e == H || (j1 & dnew[H]) == 0);
		busy[e] = busy[e] & ~(j1 | j2);
		verdict[e] = verdict[e] & ~(j1 | j2);
		stock[e] = stock[e] | (j1 & ~used[e]);
		used[e] = used[e] & ~(j1 | j2);
		fresh[e] = fresh[e] & ~(j1 | j2);
		old = (e == L -> old & fresh[e] : old);
		if
		:: ja -> answer(e)
		:: else
		fi
	:: jk == SPEND && ok ->
		STEP(e, "spent\n");
		use(j1);
		send(e, FRAME, 0, j1, 0, 0, 0)
	:: jk == TAKEN && ok ->
		STEP(e, "arrived\n");
		assert((taken & j1) == 0 && (sent & j1) != 0);
		taken = taken | j1
	:: else
	fi
}

/* The disk is full: the verdict counts no longer, and goes to nobody. */
inline undone(e)
{
	FAULT(e, "verdict is not on disk\n");
	faults--;
	job[e]?jk(j1, j2, ja);
	busy[e] = busy[e] & ~(j1 | j2);
	verdict[e] = verdict[e] & ~(j1 | j2);
	waiting = (e == L -> true : waiting);
	if
	:: ja -> reply?r1, r2, r3, r4, ra
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

/* ---- control keys ---- */

inline control_take(e, key)
{
	STEP(e, "control_take\n");
	drain(e);
	assert((ROWS(e) & BIT(key)) != 0);
#ifdef MUTATE_CONTROL_AFTER_SEND
	commit(e, DROP, BIT(key), 0, false);
#else
	dnew[e] = dnew[e] & ~BIT(key);
	dagreed[e] = dagreed[e] & ~BIT(key);
#endif
	dcontrol[e] = key;
	before[e] = control[e];
	control[e] = key;
	stock[e] = stock[e] & ~BIT(key);
	proved[e] = false;
	aged[e] = false;
	assert((sent & BIT(key)) == 0);
	ascontrol = ascontrol | BIT(key)
}

/* The session is under the key before, or the other end asks for that. */
inline control_back(e)
{
	if
	:: opening[e] != control[e] && opening[e] == before[e] ->
		STEP(e, "back\n");
		before[e] = control[e];
		control[e] = opening[e];
		dcontrol[e] = opening[e]
	:: else
	fi
}

inline key_adopt(e, key)
{
	opening[e] = key;
	if
	:: key != control[e] && key != before[e] -> control_take(e, key)
#ifndef MUTATE_NO_BACK
	:: e == L && key == before[e] -> control_back(e)
#endif
	:: else
	fi
}

/* x: the key to open with, 0: there is none. */
inline key_mine(e, freshly)
{
	x = control[e];
	if
	:: OWN(e) != 0 && (x == 0 || (freshly && (proved[e] || aged[e]))) ->
		highest(OWN(e), x);
		control_take(e, x)
#ifdef MUTATE_FRESH_KEY_OR_NONE
	:: OWN(e) == 0 && freshly && (proved[e] || aged[e]) -> x = 0
#endif
	:: else
	fi;
	if
	:: e == L && x != 0 -> opening[e] = x
	:: else
	fi
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

inline send_hello()
{
	STEP(L, "hello\n");
	key_mine(L, false);
	if
	:: x == 0 -> send(L, PLEASE, 0, 0, 0, 0, 0)
	:: else ->
		if
		:: hello == 0 || hellokey != x ->
			nonces++;
			hello = nonces;
			hellokey = x
		:: else
		fi;
		go_down(L);
		send(L, HELLO, x, hello, 0, 0, 0)
	fi
}

inline send_need()
{
	STEP(H, "need\n");
	key_mine(H, needed);
	if
	:: x != 0 ->
		needed = true;
		send(H, NEED, x, 0, 0, 0, 0)
	:: else
	fi
}

inline channel_up(e)
{
	STEP(e, "compare\n");
	up[e] = true;
	drain(e);
	control_back(e);
	opening[e] = 0;
	proved[e] = true;
	state[e] = COMPARING;
	gotowned[e] = false;
	gotheld[e] = false;
	if
	:: e == L -> resolved = 0; waiting = false
	:: else
	fi;
	send(e, OWNED, session[e], OWN(e), 0, 0, 0)
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

inline keep(e, mine, other)
{
	x = mine & ~other;
	stock[e] = stock[e] & ~x;
	if
	:: x != 0 -> commit(e, DROP, x, 0, false)
	:: else
	fi
}

/* ---- agreement ---- */

inline offer()
{
	STEP(L, "offer\n");
	waiting = true;
	if
	:: state[L] == UP -> x = session[L]
	:: else -> x = 0
	fi;
	send(L, OFFER, x, IDLE(L), resolved + 1, last[L], 0);
	x = 0
}

/* m2 items, m3 first, m4 last; ok: in the channel */
inline judge()
{
	STEP(H, "judge\n");
	/* An item that is not covered: such an offer is malformed. */
	m2 = ((m2 & ~UPTO(m4)) | (m2 & UPTO(m3 - 1)) -> 0 : m2);
	x = m2 & IDLE(H) & ~differ;		/* accepted now */
	y = m2 & ~busy[H] & ~fresh[H];
	r1 = x | (y & stock[H] & ROWS(H));	/* accepted */
	y = y & ~r1;
	r2 = y & ~UPTO(last[H]);		/* absent */
	r3 = y & UPTO(last[H]);			/* lost */
	y = 0;
	if
	:: ok ->
		r3 = r3 | (m2 & IDLE(H) & differ);
		y = m2 & IDLE(H) & differ;
		/* What was not offered, up to the end of what is covered, L
		 * does not hold. */
		y = y | (IDLE(H) & ~m2 & UPTO(m4))
	:: else
	fi;
	busy[H] = busy[H] | x | y;
	verdict[H] = verdict[H] | x;
	reply!r1, r2, r3, m4, ok;
#ifdef MUTATE_ANSWER_BEFORE_COMMIT
	answer(H);
	commit(H, VERDICT, x, y, false)
#else
	commit(H, VERDICT, x, y, true)
#endif
}

inline resolve(upto)
{
	y = upto;
#ifdef MUTATE_BUSY_IS_RESOLVED
	w = IDLE(L);
#else
	w = fresh[L];
#endif
	if
	:: w != 0 ->
		lowest(w, z);
		y = (z - 1 < y -> z - 1 : y)
	:: else
	fi;
	resolved = (y > resolved -> y : resolved)
}

/* m2 accepted, m3 absent, m4 lost, m5 last; ok: in the channel; ra: what
 * is absent has been so for agree_timeout */
inline verdicts()
{
	STEP(L, "verdicts\n");
	x = m2 & IDLE(L);
	y = (ok -> IDLE(L) & (m4 | (ra -> m3 : m3 & old)) : 0);
	w = x | y;
	waiting = (w == 0 || (IDLE(L) & m3 & ~y) != 0);
	busy[L] = busy[L] | x | y;
	verdict[L] = verdict[L] | x;
	if
	:: w != 0 -> commit(L, VERDICT, x, y, false)
	:: else
	fi;
	if
	:: ok && (m2 | m3 | m4) != 0 -> resolve(m5)
	:: else
	fi
}

/* ---- frames ---- */

inline frame_in(e)
{
	STEP(e, "arrive\n");
	if
	:: state[e] == UP && (THEIRS(e) & m2 & ROWS(e)) != 0 ->
		stock[e] = stock[e] & ~m2;
		commit(e, TAKEN, m2, 0, false)
	:: else ->
		if
		:: state[e] == UP && (MINE(PEER(e)) & fresh[e] & busy[e] &
		    verdict[e] & ~used[e] & ROWS(e) & m2) != 0 ->
			STEP(e, "pending\n");
			used[e] = used[e] | m2;
			commit(e, TAKEN, m2, 0, false)
		:: else
		fi
	fi
}

/* ---- messages ---- */

inline on_hello()
{
	if
	:: !KNOWS(H, m1) -> send_need()
	:: else ->
		key_adopt(H, m1);
		if
		:: pending == 0 || pendingfor != m2 ->
			nonces++;
			pending = nonces;
			pendingfor = m2
		:: else
		fi;
		needed = false;
		send(H, ACK, m1, m2, pending, 0, 0)
	fi
}

inline on_ack()
{
	if
	:: hello != 0 && m1 == hellokey && m2 == hello && KNOWS(L, m1) ->
		hello = 0;
		hellokey = 0;
		session[L] = m3;
		channel_up(L)
	:: else
	fi
}

inline on_need()
{
	if
	:: KNOWS(L, m1) ->
		key_adopt(L, m1);
		send_hello()
	:: else
	fi
}

/* In the channel: its session is the one in use, or the one being opened. */
inline on_data(e)
{
	if
	:: e == H && m1 == pending && m1 != session[e] ->
		go_down(e);
		session[e] = pending;
		pending = 0;
		pendingfor = 0;
		channel_up(e);
		ok = true
	:: else -> ok = up[e] && m1 == session[e]
	fi;
	if
	:: ok && k == OWNED ->
		STEP(e, "owned\n");
		keep(e, THEIRS(e), m2);
		send(e, HELD, session[e], THEIRS(e), 0, 0, 0);
		gotowned[e] = true;
		compared(e)
	:: ok && k == HELD && !gotheld[e] ->
		STEP(e, "held\n");
		keep(e, OWN(e), m2);
		gotheld[e] = true;
		compared(e)
	:: ok && k == OFFER && state[e] == UP -> judge()
	:: ok && k == ANSWER && state[e] == UP -> verdicts()
	:: else
	fi
}

inline on_message(e)
{
	if
	:: k == HELLO -> on_hello()
	:: k == ACK -> on_ack()
	:: k == NEED -> on_need()
	:: k == PLEASE -> send_need()
	:: k == FRAME -> frame_in(e)
	:: k == OFFER && m1 == 0 && !up[e] -> judge()
	:: k == ANSWER && m1 == 0 && !up[e] -> verdicts()
	:: m1 != 0 && (k == OWNED || k == HELD || k == OFFER ||
	    k == ANSWER) -> on_data(e)
	:: else
	fi
}

/* ---- an end ---- */

#define MAY_PULL(e)	(last[e] < N && \
			    (~gap[e] & UPTO(N) & ~UPTO(last[e])) != 0)
#define MAY_OFFER	(IDLE(L) != 0 && !waiting && \
			    (state[L] == UP || !up[L]))

inline crash(e)
{
	do
	:: len(job[e]) > 0 -> job[e]?jk, j1, j2, ja
	:: else -> break
	od;
	do
	:: e == H && len(reply) > 0 -> reply?r1, r2, r3, r4, ra
	:: else -> break
	od;
#ifdef MUTATE_NO_LAST
	dlast[e] = 0;
	if
	:: ROWS(e) != 0 -> highest(ROWS(e), x); dlast[e] = x
	:: else
	fi;
#endif
	fresh[e] = dnew[e]; stock[e] = dagreed[e]; last[e] = dlast[e];
	busy[e] = 0; verdict[e] = 0; used[e] = 0;
	go_down(e);
	opening[e] = 0;
	control[e] = dcontrol[e]; before[e] = 0;
	proved[e] = false; aged[e] = true;
	if
	:: e == L ->
		resolved = 0; waiting = false; hello = 0; hellokey = 0;
		old = 0
	:: else ->
		pending = 0; pendingfor = 0; needed = false
	fi;
	faults--;
	FAULT(e, "crash\n");
	wipe()
}

inline take(e)
{
	STEP(e, "take\n");
	lowest(OWN(e), x);
	stock[e] = stock[e] & ~BIT(x);
#ifdef MUTATE_SPEND_AFTER_SEND
	use(BIT(x));
	send(e, FRAME, 0, BIT(x), 0, 0, 0);
	commit(e, DROP, BIT(x), 0, false)
#else
	commit(e, SPEND, BIT(x), 0, false)
#endif
}

proctype kma(byte e)
{
	do
	:: d_step { len(net[e]) > 0 && len(job[e]) < 2 ->
		net[e]?k, m1, m2, m3, m4, m5;
		on_message(e);
		wipe()
	   }
	/* The same; what is absent has been so for too long. */
	:: d_step { len(net[e]) > 0 && len(job[e]) < 2 &&
	    net[e]?[ANSWER, _, _, _, _, _] ->
		net[e]?k, m1, m2, m3, m4, m5;
		ra = true;
		on_message(e);
		wipe()
	   }
	:: d_step { len(job[e]) > 0 ->
		write(e);
		after(e);
		wipe()
	   }
	/* Committed at once: the module forgets only what is on disk. */
	:: d_step { MAY_PULL(e) ->
		STEP(e, "pull\n");
		lowest((~gap[e] & UPTO(N) & ~UPTO(last[e])), x);
		dnew[e] = dnew[e] | BIT(x);
		fresh[e] = fresh[e] | BIT(x);
		dlast[e] = x;
		last[e] = x;
		wipe()
	   }
	:: d_step { takes > 0 && state[e] == UP && OWN(e) != 0 &&
	    len(job[e]) < 2 ->
		takes--;
		take(e);
		wipe()
	   }
	:: d_step { e == L && MAY_OFFER -> offer() }

	/* A crash; so many jobs were on disk. */
	:: d_step { faults > 0 -> crash(e) }
	:: d_step { faults > 0 && len(job[e]) > 0 -> write(e); crash(e) }
	:: d_step { faults > 0 && len(job[e]) > 1 ->
		write(e); write(e); crash(e)
	   }

	:: d_step { faults > 0 && job[e]?[VERDICT, _, _, _] ->
		undone(e);
		wipe()
	   }

	/* Faults of the network: a message to here is lost, or noted. */
	:: d_step { faults > 0 && len(net[e]) > 0 ->
		FAULT(e, "message lost\n");
		faults--;
		net[e]?k, m1, m2, m3, m4, m5;
		wipe()
	   }
	:: d_step { faults > 0 && len(net[e]) > 0 && late == 0 &&
	    (net[e]?[HELLO, _, _, _, _, _] || net[e]?[ACK, _, _, _, _, _] ||
	    net[e]?[NEED, _, _, _, _, _] || net[e]?[FRAME, _, _, _, _, _] ||
	    net[e]?[OFFER, 0, _, _, _, _] || net[e]?[ANSWER, 0, _, _, _, _]) ->
		FAULT(e, "message noted\n");
		faults--;
		net[e]?<late, l1, l2, l3, l4, l5>;
		lateto = e
	   }
	:: d_step { late != 0 && lateto == e && len(net[e]) < NET ->
		FAULT(e, "message comes once more\n");
		net[e]!late, l1, l2, l3, l4, l5;
		late = 0; lateto = 0; l1 = 0; l2 = 0; l3 = 0; l4 = 0; l5 = 0
	   }
	od
}

/* ---- the world ---- */

#define TOGETHER	(up[L] && up[H] && session[L] == session[H])
#define UNPROVED(e)	((1 - proved[e]) * (BIT(control[e]) & MINE(e)))
#define SAID(e)		(OWN(e) | (fresh[e] & MINE(e)) | UNPROVED(e))
#define REST		(QUIET && !MAY_OFFER)
/* New at H, and L's module is past it. */
#define PASSED		(IDLE(H) & (UPTO(last[L]) >> 1))
#define CALM		(REST && TOGETHER && state[L] == UP && \
			    state[H] == UP && fresh[L] == 0 && PASSED == 0 && \
			    stock[L] == stock[H] && \
			    stock[L] == dagreed[L] && stock[H] == dagreed[H])

inline owned(e)
{
	STEP(e, "say_owned\n");
	send(e, OWNED, session[e], SAID(e), 0, 0, 0)
}

/* What only its owner holds goes when that uses it: a frame in vain. */
inline timers(e)
{
	if
	:: state[e] == COMPARING ->
		send(e, OWNED, session[e], OWN(e), 0, 0, 0)
#ifndef MUTATE_NO_OWNED
	:: state[e] == UP && (THEIRS(PEER(e)) & ~SAID(e)) != 0 -> owned(e)
#endif
	:: state[e] == UP && (OWN(e) & ~THEIRS(PEER(e))) != 0 -> take(e)
	:: else
	fi
}

/* Seconds have gone by. */
inline tick()
{
	printf("  time\n");
	waiting = false;
	old = IDLE(L);
	aged[L] = !proved[L];
	aged[H] = !proved[H];
	ok = TOGETHER;
	if
	:: !ok && up[H] -> STEP(H, "silent\n"); go_down(H)
	:: else
	fi;
	if
	:: !ok -> go_down(L); send_hello()
	:: else ->
		timers(L);
		timers(H);
		x = PASSED;
		if
		:: state[H] == UP && IDLE(L) == 0 && x != 0 ->
			STEP(H, "age\n");
			busy[H] = busy[H] | x;
			commit(H, VERDICT, 0, x, false)
		:: else
		fi
	fi;
	wipe()
}

proctype world()
{
	do
	:: d_step { REST && !CALM -> tick() }
	:: d_step { faults > 0 && up[L] ->
		FAULT(L, "opens anew\n");
		faults--;
		send_hello();
		wipe()
	   }
	:: d_step { faults > 0 && waiting ->
		FAULT(L, "is impatient\n");
		faults--;
		waiting = false
	   }
	od
}

init {
	atomic {
		if
		:: true
#ifndef GOOD_MODULES
		/* One block is lost by a module, or changed. */
		:: gap[L] = BIT(1)
		:: gap[H] = BIT(2)
		:: differ = BIT(1)
#endif
		fi;
		takes = TAKES;
		faults = FAULTS;
		run kma(L); run kma(H); run world()
	}
}

/* Nothing to do: no block to come, and no key in common to open with. */
#define KEYS(e)		(BIT(control[e]) | BIT(before[e]) | stock[e])
#define DARK		(REST && !TOGETHER && \
			    (fresh[L] & fresh[H] & ~differ) == 0)
#define HOPELESS	(DARK && (KEYS(L) & KEYS(H)) == 0)

ltl heals { [] <> (CALM || HOPELESS) }
