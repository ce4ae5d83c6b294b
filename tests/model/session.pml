/*
 * session.pml - keys of a session from one KSA to the other and to the
 * applications of both (Q.4161 7.2.3, 7.2.4): ksa/draw.c, outbox.c, recall.c
 * at the source, inbox.c, offer.c, offerkeys.c, offerend.c at the destination.
 *
 * Two event loops; events, commits and crashes are those of agreement.pml. The
 * channel loses messages; what arrives is in order. When it opens anew, what
 * is on its way is lost. Applications leave, refuse and are slow as they like;
 * time may be up at any moment.
 *
 * Shown: keys that the source application got were confirmed by the other
 * one, and are void at no end, ever; when faults have ended, keys are supplied
 * at both ends or void at both, and nobody waits.
 */

#define S	0		/* the source, its KSA */
#define D	1		/* the destination */
#ifndef R
#define R	1		/* requests for keys */
#endif
#ifndef FAULTS
#define FAULTS	2
#endif

/* Of a request on disk; of a draw at S; of an offer at D. */
mtype:row = { OFFERED, VALID, VOID };
mtype:draw = { CUTTING, WAITING, SETTLING, VOIDING };
mtype:offer = { UNBOUND, DELIVERING, BRINGING, TAKING, ENDING };

mtype:msg = { BIND, BOUND, OFFER, TOOK, RECALL, RECALLED, REFUSED };
mtype:job = { ISSUE, SETTLE, WITHDRAW, FORGET, RECEIVE, DELIVER, REJECT };

/* BIND request previous; BOUND upto; TOOK request success; else request. */
chan talk[2] = [3] of { mtype:msg, byte, byte };	/* to that end */
chan job[2] = [2] of { mtype:job, byte, byte };

/* On disk. */
mtype:row issued[R + 1], received[R + 1];
bool recall[R + 1];
byte dlast, dacked;

/* In memory. */
mtype:draw draw[R + 1];
bool gone[R + 1];		/* nobody waits for the keys any more */
byte drawn;
byte sent, previous, acked, pushed;	/* the outbox */
bool synced, behind;
mtype:offer offer[R + 1];
bool isvoid[R + 1];
byte last;

/* The world. */
bool up[2], got[R + 1], confirmed[R + 1];
bool refusing;			/* D finds fault with the next binding */
byte faults;

/* Scratch. */
mtype:msg k; mtype:job jk; byte m1, m2, j1, j2, x; bool ok;

/* A trace reads as a story. What the code does at a STEP of this name stands
 * there as "model: session NAME". */
#define STEP(e, what)	printf("%c ", 83 - 15 * (e)); printf(what)
#define FAULT(e, what)	printf("  fault at %c: ", 83 - 15 * (e)); printf(what)

inline wipe()
{
	k = 0; jk = 0; m1 = 0; m2 = 0; j1 = 0; j2 = 0; x = 0; ok = false
}

/* What does not fit is lost. */
inline tell(e, kind, p1, p2)
{
	if
	:: up[S] && up[D] && len(talk[1 - (e)]) < 3 ->
		talk[1 - (e)]!kind, p1, p2
	:: else
	fi
}

inline commit(e, kind, p1, p2)
{
	assert(len(job[e]) < 2);
	job[e]!kind, p1, p2
}

#define STANDS(r)	(issued[r] == OFFERED || issued[r] == VALID)

/* ---- the source: outbox.c ---- */

inline send_bind(r)
{
	tell(S, BIND, r, previous);
	sent = r;
	previous = r
}

/* A void one is passed over. */
inline pump()
{
	x = sent + 1;
	do
	:: synced && behind && x <= pushed ->
		if
		:: STANDS(x) -> send_bind(x)
		:: issued[x] == VOID -> sent = x
		:: else
		fi;
		x++
	:: else -> break
	od;
	behind = (synced && x > pushed -> false : behind)
}

inline resend(upto)
{
	STEP(S, "resend\n");
	previous = upto;
	sent = (upto > acked -> upto : acked);
	behind = true;
	pump()
}

inline on_bound()
{
	if
	:: !synced ->
		synced = true;
		acked = (m1 > acked -> m1 : acked);
		resend(m1)
	:: synced && m1 > acked -> acked = m1; pump()
	:: else
	fi
}

/* ---- the source: draw.c, recall.c ---- */

inline void_keys(r)
{
	STEP(S, "void_keys\n");
	draw[r] = VOIDING;
	commit(S, WITHDRAW, r, 0)
}

inline recall_send()
{
	STEP(S, "recall_send\n");
	x = 1;
	do
	:: x <= R ->
		if
		:: recall[x] -> tell(S, RECALL, x, 0)
		:: else
		fi;
		x++
	:: else -> break
	od
}

inline on_source()
{
	talk[S]?k, m1, m2;
	if
	:: k == BOUND -> on_bound()
	:: k == TOOK && draw[m1] == WAITING ->
		STEP(S, "draw_taken\n");
		if
		:: m2 ->
			draw[m1] = SETTLING;
#ifdef MUTATE_ANSWER_BEFORE_COMMIT
			got[m1] = !gone[m1];
#endif
			commit(S, SETTLE, m1, 0)
		:: else -> void_keys(m1)
		fi
	:: k == RECALLED ->
		STEP(S, "recalled\n");
		commit(S, FORGET, m1, 0)
	:: k == REFUSED ->
		STEP(S, "refused\n");
		commit(S, REJECT, m1, 0)
	:: else
	fi;
	wipe()
}

/* The first job reaches the disk; ok: it found what it needs. */
inline write_source()
{
	job[S]?jk, j1, j2;
	ok = true;
	if
	:: jk == ISSUE -> issued[j1] = OFFERED
	:: jk == SETTLE ->
		ok = issued[j1] == OFFERED;
		issued[j1] = (ok -> VALID : issued[j1])
	:: jk == WITHDRAW ->
		assert(!got[j1]);
		recall[j1] = recall[j1] || issued[j1] != VOID;
		issued[j1] = VOID
	:: jk == REJECT ->
		assert(!got[j1]);
		issued[j1] = VOID
	:: jk == FORGET -> recall[j1] = false
	fi
}

inline after_source()
{
	if
	:: jk == ISSUE ->
		STEP(S, "on_cut\n");
		pushed = j1;
		if
		:: j1 > sent && synced && !behind -> send_bind(j1)
		:: j1 > sent && !(synced && !behind) -> behind = true
		:: else
		fi;
		if
		:: gone[j1] || !up[D] -> void_keys(j1)
		:: else ->
			draw[j1] = WAITING;
			tell(S, OFFER, j1, 0)
		fi
	:: jk == SETTLE ->
		STEP(S, "settled\n");
		if
		:: ok && !gone[j1] ->
			assert(confirmed[j1] && received[j1] == VALID);
			got[j1] = true;
			draw[j1] = 0
		:: else -> void_keys(j1)
		fi
	:: jk == WITHDRAW ->
		STEP(S, "voided\n");
		draw[j1] = 0;
		gone[j1] = false;
		tell(S, RECALL, j1, 0)
	:: else
	fi
}

/* ---- the destination: inbox.c, offer*.c ---- */

inline end(r, success)
{
	tell(D, TOOK, r, success);
	offer[r] = 0;
	isvoid[r] = false
}

/* What is not here is void once it comes: the source repeats itself. */
inline offer_void(r)
{
	STEP(D, "offer_void\n");
	if
	:: offer[r] == UNBOUND -> end(r, 0)
	:: else ->
		offer[r] = ENDING;
		commit(D, WITHDRAW, r, 0)
	fi
}

inline deliver(r)
{
	if
	:: received[r] == OFFERED ->
		STEP(D, "deliver\n");
		offer[r] = DELIVERING;
		commit(D, DELIVER, r, 0)
	:: received[r] != 0 && received[r] != OFFERED -> offer_void(r)
	:: else
	fi
}

inline on_destination()
{
	talk[D]?k, m1, m2;
	if
	:: k == BIND -> commit(D, RECEIVE, m1, m2)
	:: k == OFFER && offer[m1] == 0 ->
		STEP(D, "offer_start\n");
		offer[m1] = UNBOUND;
		deliver(m1)
	:: k == RECALL ->
		STEP(D, "recall\n");
#ifdef MUTATE_RECALLED_BEFORE_COMMIT
		tell(D, RECALLED, m1, 0);
#endif
		commit(D, REJECT, m1, 0)
	:: else
	fi;
	wipe()
}

inline write_destination()
{
	job[D]?jk, j1, j2;
	ok = true;
	if
	:: jk == RECEIVE ->
		ok = j2 == dlast && j1 > dlast;
		if
		:: ok && !refusing -> received[j1] = OFFERED; dlast = j1
		:: ok && refusing -> received[j1] = VOID; dlast = j1
		:: else
		fi
	:: jk == DELIVER -> ok = received[j1] == OFFERED
	:: jk == SETTLE ->
		ok = received[j1] == OFFERED;
		received[j1] = (ok -> VALID : received[j1])
	:: else ->
		assert(!got[j1]);
		received[j1] = (received[j1] != 0 -> VOID : 0)
	fi
}

inline after_destination()
{
	if
	:: jk == RECEIVE ->
		STEP(D, "received\n");
		last = dlast;
		if
		:: ok && received[j1] == VOID ->
			refusing = false;
			tell(D, REFUSED, j1, 0)
		:: else
		fi;
		tell(D, BOUND, last, 0);
		if
		:: offer[j1] == UNBOUND -> deliver(j1)
		:: else
		fi
	:: jk == DELIVER ->
		STEP(D, "delivered\n");
		if
		:: !ok || isvoid[j1] -> offer_void(j1)
		:: else -> offer[j1] = BRINGING
		fi
	:: jk == SETTLE ->
		STEP(D, "taken\n");
		if
		:: ok -> end(j1, 1)
		:: else -> offer_void(j1)
		fi
	:: jk == WITHDRAW -> end(j1, 0)
	:: jk == REJECT ->
		STEP(D, "recall_done\n");
		isvoid[j1] = offer[j1] != 0;
#ifndef MUTATE_RECALLED_BEFORE_COMMIT
		tell(D, RECALLED, j1, 0);
#endif
		if
		:: offer[j1] == UNBOUND || offer[j1] == BRINGING ->
			offer_void(j1)
		:: else
		fi
	:: else
	fi
}

/* ---- crashes ---- */

inline cut_channel()
{
	do
	:: len(talk[S]) > 0 -> talk[S]?k, m1, m2
	:: len(talk[D]) > 0 -> talk[D]?k, m1, m2
	:: else -> break
	od;
	synced = false;
	behind = true
}

inline crash(e)
{
	FAULT(e, "crash\n");
	faults--;
	do
	:: len(job[e]) > 0 -> job[e]?jk, j1, j2
	:: else -> break
	od;
	cut_channel();
	up[e] = false;
	x = 1;
	do
	:: x <= R ->
		if
		:: e == S -> draw[x] = 0; gone[x] = false
		:: else -> offer[x] = 0; isvoid[x] = false
		fi;
		x++
	:: else -> break
	od;
	wipe()
}

/* The channel is new at both ends. */
inline opened()
{
	if
	:: up[S] && up[D] -> tell(D, BOUND, last, 0); recall_send()
	:: else
	fi
}

/* What was on its way is void, before anything else. */
inline start(e)
{
	STEP(e, "start\n");
	x = 1;
	do
	:: x <= R ->
#ifndef MUTATE_NO_VOID_AT_START
		if
		:: e == S && issued[x] == OFFERED ->
			issued[x] = VOID;
			recall[x] = true
		:: e == D && received[x] == OFFERED -> received[x] = VOID
		:: else
		fi;
#endif
		x++
	:: else -> break
	od;
	if
	:: e == S ->
		acked = dacked; sent = dacked; previous = dacked;
		pushed = drawn
	:: else -> last = dlast
	fi;
	up[e] = true;
	opened();
	wipe()
}

/* ---- the ends ---- */

#define ROOM(e)		(len(job[e]) < 2)

proctype source()
{
	do
	:: d_step { len(talk[S]) > 0 && ROOM(S) -> on_source() }
	:: d_step { len(job[S]) > 0 ->
		write_source();
		after_source();
		wipe()
	   }
	od
}

/* The source application, and the time it has. */
proctype drawing(byte r)
{
	do
	:: d_step { up[S] && drawn == r - 1 && ROOM(S) ->
		STEP(S, "draw\n");
		drawn = r;
		draw[r] = CUTTING;
		commit(S, ISSUE, r, 0)
	   }
	:: d_step { draw[r] == WAITING && ROOM(S) ->
		void_keys(r)
	   }
	:: d_step { (draw[r] == CUTTING || draw[r] == SETTLING) && !gone[r] ->
		STEP(S, "draw_withdraw\n");
		gone[r] = true
	   }
	od
}

proctype destination()
{
	do
	:: d_step { len(talk[D]) > 0 && ROOM(D) -> on_destination() }
	:: d_step { len(job[D]) > 0 ->
		write_destination();
		after_destination();
		wipe()
	   }
	od
}

/* The destination application, and the time it has. */
proctype offering(byte r)
{
	do
	:: d_step { offer[r] == BRINGING && ROOM(D) ->
		STEP(D, "answered\n");
		confirmed[r] = true;
		offer[r] = TAKING;
#ifdef MUTATE_TAKEN_BEFORE_COMMIT
		tell(D, TOOK, r, 1);
#endif
		commit(D, SETTLE, r, 0)
	   }
	:: d_step { (offer[r] == BRINGING || offer[r] == UNBOUND) &&
	    ROOM(D) ->
		offer_void(r)
	   }
	od
}

/* ---- the world ---- */

#define REST	(len(talk[S]) == 0 && len(talk[D]) == 0 && \
		    len(job[S]) == 0 && len(job[D]) == 0)
#define EQUAL(r) ((issued[r] == VALID && received[r] == VALID) || \
		    (issued[r] != VALID && issued[r] != OFFERED && \
		    received[r] != VALID && received[r] != OFFERED))
#define ENDED(r) (draw[r] == 0 && offer[r] == 0 && !recall[r] && EQUAL(r))
#if R == 1
#define CALM	(REST && up[S] && up[D] && ENDED(1))
#else
#define CALM	(REST && up[S] && up[D] && ENDED(1) && ENDED(2))
#endif

/* A second: what is not acknowledged is said again. Deadlines are steps of
 * their own, but in the end they come. */
inline tick()
{
	printf("  time\n");
	dacked = acked;
	if
	:: synced && acked < sent -> resend(acked)
	:: else -> pump()
	fi;
	x = 0;
#ifndef MUTATE_RECALL_ONCE
	recall_send();
#endif
	m1 = 1;
	do
	:: m1 <= R ->
		if
		:: draw[m1] == WAITING && ROOM(S) -> void_keys(m1)
		:: else
		fi;
		if
		:: (offer[m1] == UNBOUND || offer[m1] == BRINGING) &&
		    ROOM(D) -> offer_void(m1)
		:: else
		fi;
		m1++
	:: else -> break
	od;
	wipe()
}

proctype world()
{
	do
	:: d_step { REST && !CALM && up[S] && up[D] -> tick() }
	:: d_step { !up[S] -> start(S) }
	:: d_step { !up[D] -> start(D) }

	:: d_step { faults > 0 && up[S] -> crash(S) }
	:: d_step { faults > 0 && up[S] && len(job[S]) > 0 ->
		write_source();
		crash(S)
	   }
	:: d_step { faults > 0 && up[D] -> crash(D) }
	:: d_step { faults > 0 && up[D] && len(job[D]) > 0 ->
		write_destination();
		crash(D)
	   }
	:: d_step { faults > 0 && up[S] && up[D] ->
		printf("  fault: channel opens anew\n");
		faults--;
		cut_channel();
		opened();
		wipe()
	   }
	:: d_step { faults > 0 && len(talk[S]) > 0 ->
		printf("  fault: message lost\n");
		faults--;
		talk[S]?k, m1, m2;
		wipe()
	   }
	:: d_step { faults > 0 && len(talk[D]) > 0 ->
		printf("  fault: message lost\n");
		faults--;
		talk[D]?k, m1, m2;
		wipe()
	   }
	:: d_step { faults > 0 && !refusing ->
		printf("  fault: a binding is refused\n");
		faults--;
		refusing = true
	   }
	/* A binding is repeated before its time. */
	:: d_step { faults > 0 && synced && acked < sent ->
		printf("  fault: impatience\n");
		faults--;
		resend(acked);
		wipe()
	   }
	od
}

init {
	atomic {
		up[S] = true; up[D] = true; synced = true;
		faults = FAULTS;
		run source(); run destination();
		run drawing(1); run offering(1);
#if R == 2
		run drawing(2); run offering(2);
#endif
		run world()
	}
}

ltl heals { [] <> CALM }
