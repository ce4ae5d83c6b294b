/*
 * transfer.pml - pool blocks on their way from one KSA to another
 * (doc/ARCHITECTURE.md, "Pool blocks" and "Confirmation"): ksa/poolfill.c,
 * newblocks.c, newblocksvoid.c at both ends; kma/supply.c, relay.c, hop.c (or
 * direct.c, which is stricter) in between.
 *
 * Four event loops: KSA and KMA of the source, KMA and KSA of the
 * destination. What one does at one event is one atomic step; the step's name
 * stands at its place in the code ("model: NAME"). Commits are jobs, done in
 * order and later; what follows a commit is done after it. A crash leaves on
 * disk what a beginning of the jobs wrote; the process stays away for a
 * while. Requests between KSA and KMA outlive the crash of who was asked.
 * The network loses a message, or brings one once more, long after; a node on
 * the way changes a block. When all is quiet the timers fire.
 *
 * Blocks are 1..B, sets of them bit masks. A pad is used for one frame; its
 * number stands for the octets that were drawn with it.
 *
 * Shown: no pad is used for two frames, no block given out twice; what the
 * source takes for available is at the destination, on disk and the same;
 * when faults have ended each block is available at both ends or at none, and
 * nothing of it is left over.
 */

#define S	0		/* source, and its KSA */
#define D	1		/* destination, and its KSA */
#define KS	2		/* the KMAs */
#define KD	3
#define OTHER(e) (1 - (e))
#ifndef B
#define B	1		/* blocks that the source asks for */
#endif
#ifndef FAULTS
#define FAULTS	2
#endif
#define PADS	(B + 2)

#define BIT(i)	((1 << (i)) >> 1)
#define AT(e, b) ((e) * B + (b) - 1)

mtype:msg = { FRAME, DONE, CONFIRM, CONFIRMED, VOIDED };
mtype:job = { STORE, SETTLE, VOID, NOTICE, USE, SPEND, ARRIVE, FETCH };

/*
 * FRAME pad block octets; DONE pad success; CONFIRM block octets authentic;
 * CONFIRMED block octets (0: they differ) authentic; VOIDED block answer.
 */
chan frames = [2] of { mtype:msg, byte, byte, byte };
chan dones = [2] of { mtype:msg, byte, byte, byte };
chan talk[2] = [3] of { mtype:msg, byte, byte, byte };	/* to that end */
/* block octets; what goes out behind the commit */
chan job[4] = [2] of { mtype:job, byte, byte, byte };

/* On disk: ksa of both ends. */
byte dnew[2], dready[2], notice[2], doctets[2 * B], dused, tombs;
/* kma: pads used up; blocks that wait for ksa. */
byte dpad, dspent, inbound, inoctets[B];

/* In memory: ksa. */
byte asked, serial;		/* S: at kma; the serial is the time */
byte mem[2], stored[2], settling[2], octets[2 * B];
byte available, said;		/* S */
byte wanted, early[B], fetching;	/* D */
/* kma */
byte kasked, kpad[B], ksent, pad;	/* KS */
byte spent, ktold, kfetching;		/* KD */

/* The world. */
bool away[4], open;		/* open: the KSAs have no channel yet */
byte patience;
byte padsout, given;
byte faults;
mtype:msg late; byte l1, l2, l3;

/* Scratch. */
mtype:msg k; mtype:job jk; byte m1, m2, m3, j1, j2, j3, x; bool ok;

/* A trace reads as a story. What the code does at a STEP of this name stands
 * there as "model: transfer NAME". */
inline who(e)
{
	if
	:: e == S -> printf("ksa S ")
	:: e == D -> printf("      ksa D ")
	:: e == KS -> printf("  kma S ")
	:: e == KD -> printf("    kma D ")
	fi
}

#define STEP(e, what)	who(e); printf(what)
#define FAULT(e, what)	printf("fault: "); who(e); printf(what)

inline wipe()
{
	k = 0; jk = 0; m1 = 0; m2 = 0; m3 = 0; j1 = 0; j2 = 0; j3 = 0; x = 0;
	ok = false
}

inline commit(e, kind, p1, p2, p3)
{
	assert(len(job[e]) < 2);
	job[e]!kind, p1, p2, p3
}

/* What does not fit is lost. */
inline tell(e, kind, p1, p2, p3)
{
	if
	:: len(talk[OTHER(e)]) < 3 && !away[OTHER(e)] &&
	    (!open || kind == CONFIRM || kind == CONFIRMED) ->
		talk[OTHER(e)]!kind, p1, p2, p3
	:: else
	fi
}

/* ---- both KSAs: newblocks.c, newblocksvoid.c ---- */

inline forget(e, b)
{
	mem[e] = mem[e] & ~BIT(b);
	stored[e] = stored[e] & ~BIT(b);
	settling[e] = settling[e] & ~BIT(b);
	if
	:: e == S ->
		available = available & ~BIT(b);
		said = said & ~BIT(b)
	:: else -> wanted = wanted & ~BIT(b)
	fi
}

inline void(e, b, notify, answer)
{
	STEP(e, "void\n");
	forget(e, b);
	commit(e, VOID, b, notify, answer)
}

inline settle(e, b)
{
	if
	:: (stored[e] & ~settling[e] & BIT(b)) != 0 ->
		STEP(e, "settle\n");
		settling[e] = settling[e] | BIT(b);
		commit(e, SETTLE, b, 0, 0)
	:: else
	fi
}

inline add(e, b, what)
{
	if
	:: (mem[e] & BIT(b)) == 0 ->
		STEP(e, "add\n");
		mem[e] = mem[e] | BIT(b);
		octets[AT(e, b)] = what;
		if
		:: e == D && early[b - 1] == what -> wanted = wanted | BIT(b)
		:: else
		fi;
		commit(e, STORE, b, what, 0)
	:: else
	fi
}

inline confirm(b)
{
	x = !open;
	tell(S, CONFIRM, b, octets[AT(S, b)], x)
}

inline confirmed(b, what)
{
	x = !open;
	tell(D, CONFIRMED, b, what, x)
}

inline on_confirm()
{
	STEP(D, "confirm\n");
	if
	:: (mem[D] & BIT(m1)) != 0 && m2 == octets[AT(D, m1)] ->
		wanted = wanted | BIT(m1);
		settle(D, m1)
	:: (mem[D] & BIT(m1)) != 0 && m2 != octets[AT(D, m1)] ->
		if
		:: m3 ->
			confirmed(m1, 0);
			void(D, m1, 1, 0)
		:: else
		fi
	:: (mem[D] & BIT(m1)) == 0 && (dready[D] & BIT(m1)) != 0 ->
		confirmed(m1, doctets[AT(D, m1)])
	:: ((mem[D] | dnew[D] | dready[D]) & BIT(m1)) == 0 ->
		early[m1 - 1] = m2
	:: else
	fi
}

inline on_confirmed()
{
	STEP(S, "confirmed\n");
	if
	:: (mem[S] & BIT(m1)) != 0 && m2 == octets[AT(S, m1)] -> settle(S, m1)
	:: (mem[S] & BIT(m1)) != 0 && m2 != octets[AT(S, m1)] && m3 ->
		void(S, m1, 1, 0)
	:: else
	fi
}

/* An answer is not answered; else it comes when all is on disk. */
inline on_voided(e)
{
	STEP(e, "block_void\n");
	if
	:: (notice[e] & BIT(m1)) != 0 ->
		commit(e, NOTICE, m1, 0, 0);
		x = 1
	:: (notice[e] & BIT(m1)) == 0 && !m2 ->
#ifdef MUTATE_ANSWER_BEFORE_COMMIT
		void(e, m1, 0, 0);
		x = 1
#else
		void(e, m1, 0, 1)
#endif
	:: else
	fi;
	if
	:: x == 1 && !m2 -> tell(e, VOIDED, m1, 1, 0)
	:: else
	fi
}

inline on_message(e)
{
	talk[e]?k, m1, m2, m3;
	if
	:: k == CONFIRM -> on_confirm()
	:: k == CONFIRMED -> on_confirmed()
	:: else -> on_voided(e)
	fi;
	wipe()
}

/* The first job reaches the disk; ok: it was not undone. */
inline write_ksa(e)
{
	job[e]?jk, j1, j2, j3;
	ok = true;
	if
	:: jk == STORE ->
		ok = ((dnew[e] | dready[e]) & BIT(j1)) == 0;
#ifndef MUTATE_NO_TOMBSTONE
		ok = ok && !(e == D && (tombs & BIT(j1)) != 0);
#endif
		if
		:: ok ->
			dnew[e] = dnew[e] | BIT(j1);
			doctets[AT(e, j1)] = j2
		:: else
		fi
	:: jk == SETTLE ->
		ok = ((dnew[e] | dready[e]) & BIT(j1)) != 0;
		if
		:: ok ->
			dnew[e] = dnew[e] & ~BIT(j1);
			dready[e] = dready[e] | BIT(j1);
			assert(e == D || ((dready[D] & BIT(j1)) != 0 &&
			    doctets[AT(S, j1)] == doctets[AT(D, j1)]))
		:: else
		fi
	:: jk == VOID ->
		if
		:: j2 -> notice[e] = notice[e] | BIT(j1)
		:: else
		fi;
		dnew[e] = dnew[e] & ~BIT(j1);
		dready[e] = dready[e] & ~BIT(j1);
		tombs = (e == D -> tombs | BIT(j1) : tombs);
		assert(e == S || (dready[S] & BIT(j1)) == 0)
	:: jk == NOTICE -> notice[e] = notice[e] & ~BIT(j1)
	:: jk == USE -> dused = dused | BIT(j1)
	fi
}

inline write_kma(e)
{
	job[e]?jk, j1, j2, j3;
	ok = true;
	if
	:: jk == SPEND -> dpad = j1
	:: jk == ARRIVE ->
		ok = (dspent & BIT(j1)) == 0 && (inbound & BIT(j2)) == 0;
		if
		:: ok ->
			dspent = dspent | BIT(j1);
			inbound = inbound | BIT(j2);
			inoctets[j2 - 1] = j3
		:: else
		fi
	:: jk == FETCH ->
		ok = (inbound & BIT(j1)) != 0;
		inbound = inbound & ~BIT(j1)
	fi
}

/* ---- what follows a commit ---- */

inline after_ksa(e)
{
	if
	:: jk == STORE && (mem[e] & BIT(j1)) != 0 ->
		STEP(e, "stored\n");
		if
		:: !ok -> forget(e, j1)
		:: ok && e == S ->
			stored[e] = stored[e] | BIT(j1);
			confirm(j1)
		:: else ->
			stored[e] = stored[e] | BIT(j1);
			if
			:: (wanted & BIT(j1)) != 0 -> settle(e, j1)
			:: else
			fi
		fi
	:: jk == SETTLE && (mem[e] & BIT(j1)) != 0 ->
		STEP(e, "settled\n");
		settling[e] = settling[e] & ~BIT(j1);
		if
		:: ok ->
			forget(e, j1);
			if
			:: e == S -> available = available | BIT(j1)
			:: else -> confirmed(j1, doctets[AT(e, j1)])
			fi
		:: else
		fi
	:: jk == VOID ->
		if
		:: j2 || j3 ->
			STEP(e, "voided\n");
			tell(e, VOIDED, j1, j3, 0)
		:: else
		fi
	:: jk == USE ->
		STEP(S, "given\n");
		assert((given & BIT(j1)) == 0);
		given = given | BIT(j1);
		assert((dready[D] & BIT(j1)) != 0 &&
		    doctets[AT(S, j1)] == doctets[AT(D, j1)])
	:: else
	fi
}

inline send_frame()
{
	STEP(KS, "spent\n");
	assert((padsout & BIT(j1)) == 0);
	padsout = padsout | BIT(j1);
	ksent = ksent | BIT(j2);
	if
	:: len(frames) < 2 -> frames!FRAME, j1, j2, j1
	:: else
	fi
}

inline send_done(success)
{
	if
	:: len(dones) < 2 -> dones!DONE, j1, success, 0
	:: else
	fi
}

/* block_ready: ksa fetches what it does not have. */
inline ready(b)
{
	if
	:: !away[D] && (mem[D] & BIT(b)) == 0 -> fetching = fetching | BIT(b)
	:: else
	fi
}

inline after_kma()
{
	if
	:: jk == ARRIVE ->
		STEP(KD, "arrived\n");
		if
		:: ok -> send_done(1); ready(j2)
		:: !ok && (dspent & BIT(j1)) == 0 -> send_done(0)
		:: else
		fi
	:: jk == FETCH ->
		STEP(KD, "fetched\n");
		kfetching = kfetching & ~BIT(j1);
		if
		:: ok && (fetching & BIT(j1)) != 0 -> add(D, j1, j2)
		:: else
		fi;
		fetching = fetching & ~BIT(j1)
	:: else
	fi
}

/* ---- the source's KMA ---- */

/* relay's end; r: 0 a failure, 1 success, 2 nobody knows */
inline finish(b, r)
{
	STEP(KS, "finish\n");
	ksent = ksent & ~BIT(b);
	if
	:: (asked & BIT(b)) != 0 && r == 1 -> add(S, b, kpad[b - 1])
	:: (asked & BIT(b)) != 0 && r == 2 -> void(S, b, 1, 0)
	:: else
	fi;
	asked = asked & ~BIT(b)
}

inline on_done()
{
	dones?k, m1, m2, m3;
	x = 1;
	do
	:: x <= B && (kpad[x - 1] != m1 || (ksent & BIT(x)) == 0) -> x++
	:: else -> break
	od;
	if
	:: x <= B -> finish(x, m2)
	:: else
	fi;
	wipe()
}

/* ---- crashes ---- */

inline no_jobs(e)
{
	do
	:: len(job[e]) > 0 -> job[e]?jk, j1, j2, j3
	:: else -> break
	od
}

inline crash(e)
{
	FAULT(e, "crash\n");
	faults--;
	no_jobs(e);
	away[e] = true;
	patience = 3;
	if
	:: e == S || e == D ->
		mem[e] = 0; stored[e] = 0; settling[e] = 0;
		do
		:: len(talk[e]) > 0 -> talk[e]?k, m1, m2, m3
		:: else -> break
		od
	:: else
	fi;
	if
	:: e == S -> asked = 0; available = 0; said = 0
	:: e == D ->
		wanted = 0; fetching = 0;
		x = 0;
		do
		:: x < B -> early[x] = 0; x++
		:: else -> break
		od
	:: e == KS ->
		kasked = 0; ksent = 0; pad = 0;
		x = 0;
		do
		:: x < B -> kpad[x] = 0; x++
		:: else -> break
		od
	:: else -> spent = 0; kfetching = 0
	fi;
	wipe()
}

inline start(e)
{
	STEP(e, "start\n");
	away[e] = false;
	patience = 0;
	if
	:: e == S || e == D ->
		mem[e] = dnew[e]; stored[e] = dnew[e];
		x = 1;
		do
		:: x <= B -> octets[AT(e, x)] = doctets[AT(e, x)]; x++
		:: else -> break
		od
	:: else
	fi;
	if
	:: e == S -> available = dready[S] & ~dused
	:: e == KS -> pad = dpad
	:: e == KD -> spent = dspent
	:: else
	fi;
	ktold = (e == D || e == KD -> 1 : ktold);
	wipe()
}

/* ---- time ---- */

#define QUIET	(len(frames) == 0 && len(dones) == 0 && len(talk[S]) == 0 && \
		    len(talk[D]) == 0 && len(job[S]) == 0 && \
		    len(job[D]) == 0 && len(job[KS]) == 0 && \
		    len(job[KD]) == 0)
#define AWAY	(away[S] || away[D] || away[KS] || away[KD])
#define ASKS	(!away[KS] && (asked & ~kasked) != 0)
#define FETCHES	(!away[KD] && (fetching & ~kfetching) != 0)
#define TELLS	(ktold && !away[D] && !away[KD])
#define REST	(QUIET && !ASKS && !FETCHES && !TELLS)
#define NONE	(asked == 0 && mem[S] == 0 && mem[D] == 0 && dnew[S] == 0 && \
		    dnew[D] == 0 && notice[S] == 0 && notice[D] == 0)
#define CALM	(REST && !AWAY && !open && NONE && inbound == 0 && \
		    dready[S] == dready[D] && available == \
		    (dready[S] & ~dused))

inline timers(b)
{
	if
	:: away[S]
	:: !away[S] && (asked & BIT(b)) != 0 ->
		ksent = ksent & ~BIT(b);
		asked = asked & ~BIT(b);
		void(S, b, 1, 0)
	:: !away[S] && (stored[S] & ~settling[S] & BIT(b)) != 0 ->
		if
		:: (said & BIT(b)) != 0 -> void(S, b, 1, 0)
		:: else ->
			said = said | BIT(b);
			confirm(b)
		fi
	:: !away[S] && (notice[S] & BIT(b)) != 0 ->
		tell(S, VOIDED, b, 0, 0)
	:: else
	fi;
	if
	:: away[D]
	:: !away[D] && (stored[D] & ~settling[D] & BIT(b)) != 0 ->
		if
		:: (wanted & BIT(b)) != 0 -> settle(D, b)
		/* The source gives up long before. */
		:: (wanted & BIT(b)) == 0 && ((mem[S] | asked) & BIT(b)) == 0
		    -> void(D, b, 1, 0)
		:: else
		fi
	:: !away[D] && (notice[D] & BIT(b)) != 0 ->
		tell(D, VOIDED, b, 0, 0)
	:: else
	fi
}

inline tick()
{
	printf("time\n");
	if
	:: AWAY -> patience--
	:: !AWAY && NONE -> inbound = 0		/* an hour */
	:: else
	fi;
	m1 = 1;
	do
	:: m1 <= B -> timers(m1); m1++
	:: else -> break
	od;
	open = false;
	wipe()
}

proctype ksa(byte e)
{
	do
	:: d_step { len(talk[e]) > 0 && len(job[e]) < 2 -> on_message(e) }
	:: d_step { len(job[e]) > 0 ->
		write_ksa(e);
		after_ksa(e);
		wipe()
	   }
	:: d_step { e == S && !away[S] && serial < B ->	
		STEP(S, "block_take\n");
		serial++;
		asked = asked | BIT(serial)
	   }
	:: d_step { e == S && available != 0 && len(job[S]) < 2 ->
		x = 1;
		do
		:: (available & BIT(x)) == 0 -> x++
		:: else -> break
		od;
		available = available & ~BIT(x);
		commit(S, USE, x, 0, 0);
		wipe()
	   }
	od
}

proctype kma_source()
{
	do
	:: d_step { ASKS && len(job[KS]) < 2 ->
		STEP(KS, "got_pad\n");
		x = 1;
		do
		:: (asked & ~kasked & BIT(x)) == 0 -> x++
		:: else -> break
		od;
		if
		:: pad < PADS ->
			pad++;
			kasked = kasked | BIT(x);
			kpad[x - 1] = pad;
			commit(KS, SPEND, pad, x, 0)
#ifdef MUTATE_SPEND_AFTER_SEND
			; j1 = pad; j2 = x; send_frame()
#endif
		:: else -> asked = asked & ~BIT(x)
		fi;
		wipe()
	   }
	:: d_step { len(job[KS]) > 0 ->
		write_kma(KS);
#ifndef MUTATE_SPEND_AFTER_SEND
		send_frame();
#endif
		wipe()
	   }
	:: d_step { len(dones) > 0 && len(job[S]) < 2 && !away[KS] ->
		on_done()
	   }
	/* The answer is lost between the two processes. */
	:: d_step { faults > 0 && len(dones) > 0 && len(job[S]) < 2 &&
	    !away[KS] && dones?[DONE, _, 1, _] ->
		faults--;
		dones?k, m1, m2, m3;
		dones!DONE, m1, 2, 0;
		on_done()
	   }
	od
}

proctype kma_destination()
{
	do
	:: d_step { len(frames) > 0 && len(job[KD]) < 2 && !away[KD] ->
		STEP(KD, "arrive\n");
		frames?k, m1, m2, m3;
		if
		:: (spent & BIT(m1)) == 0 ->
			spent = spent | BIT(m1);
			commit(KD, ARRIVE, m1, m2, m3)
		:: else
		fi;
		wipe()
	   }
	:: d_step { len(job[KD]) > 0 && len(job[D]) < 2 ->
		write_kma(KD);
		after_kma();
		wipe()
	   }
	:: d_step { FETCHES && len(job[KD]) < 2 ->
		x = 1;
		do
		:: (fetching & ~kfetching & BIT(x)) == 0 -> x++
		:: else -> break
		od;
		if
		:: (inbound & BIT(x)) != 0 ->
			STEP(KD, "fetch\n");
			kfetching = kfetching | BIT(x);
#ifdef MUTATE_GIVE_BEFORE_COMMIT
			add(D, x, inoctets[x - 1]);
#endif
			commit(KD, FETCH, x, inoctets[x - 1], 0)
		:: else -> fetching = fetching & ~BIT(x)
		fi;
		wipe()
	   }
	:: d_step { TELLS ->
		STEP(KD, "ready\n");
		ktold = false;
		x = 1;
		do
		:: x <= B ->
			if
			:: (inbound & BIT(x)) != 0 -> ready(x)
			:: else
			fi;
			x++
		:: else -> break
		od;
		wipe()
	   }
	od
}

/* A message of a channel is lost, comes once more, or was changed. */
inline lose(c)
{
	printf("fault: message lost\n");
	faults--;
	c?k, m1, m2, m3;
	wipe()
}

inline note(c)
{
	printf("fault: message noted\n");
	faults--;
	c?<late, l1, l2, l3>
}

inline again(c)
{
	printf("fault: message once more\n");
	l3 = (late == FRAME -> l3 : 0);
	c!late, l1, l2, l3;
	late = 0; l1 = 0; l2 = 0; l3 = 0
}

proctype world()
{
	do
	:: d_step { REST && !CALM && (!AWAY || patience > 0) -> tick() }
	:: d_step { open -> open = false }

	:: d_step { away[S] -> start(S) }
	:: d_step { away[D] -> start(D) }
	:: d_step { away[KS] -> start(KS) }
	:: d_step { away[KD] -> start(KD) }
	:: d_step { away[KS] && len(dones) > 0 ->
		dones?k, m1, m2, m3; wipe()
	   }
	:: d_step { away[KD] && len(frames) > 0 ->
		frames?k, m1, m2, m3; wipe()
	   }

	:: d_step { faults > 0 && !away[S] -> crash(S) }
	:: d_step { faults > 0 && len(job[S]) > 0 -> write_ksa(S); crash(S) }
	:: d_step { faults > 0 && !away[D] -> crash(D) }
	:: d_step { faults > 0 && len(job[D]) > 0 -> write_ksa(D); crash(D) }
	:: d_step { faults > 0 && !away[KS] -> crash(KS) }
	:: d_step { faults > 0 && len(job[KS]) > 0 -> write_kma(KS); crash(KS) }
	:: d_step { faults > 0 && !away[KD] -> crash(KD) }
	:: d_step { faults > 0 && len(job[KD]) > 0 -> write_kma(KD); crash(KD) }

	:: d_step { faults > 0 && len(frames) > 0 -> lose(frames) }
	:: d_step { faults > 0 && len(dones) > 0 -> lose(dones) }
	:: d_step { faults > 0 && len(talk[S]) > 0 -> lose(talk[S]) }
	:: d_step { faults > 0 && len(talk[D]) > 0 -> lose(talk[D]) }
	:: d_step { faults > 0 && len(frames) > 0 && late == 0 ->
		note(frames)
	   }
	:: d_step { faults > 0 && len(dones) > 0 && late == 0 -> note(dones) }
	:: d_step { faults > 0 && len(talk[S]) > 0 && late == 0 &&
	    talk[S]?[CONFIRMED, _, _, _] -> note(talk[S])
	   }
	:: d_step { faults > 0 && len(talk[D]) > 0 && late == 0 &&
	    talk[D]?[CONFIRM, _, _, _] -> note(talk[D])
	   }
	:: d_step { late == FRAME && len(frames) < 2 -> again(frames) }
	:: d_step { late == DONE && len(dones) < 2 -> again(dones) }
	:: d_step { late == CONFIRM && len(talk[D]) < 3 && !away[D] ->
		again(talk[D])
	   }
	:: d_step { late == CONFIRMED && len(talk[S]) < 3 && !away[S] ->
		again(talk[S])
	   }
	:: d_step { faults > 0 && len(frames) == 1 ->
		printf("fault: block changed\n");
		faults--;
		frames?k, m1, m2, m3;
		m3 = m3 + PADS;
		frames!k, m1, m2, m3;
		wipe()
	   }
	od
}

init {
	atomic {
		if
		:: open = true
		:: open = false
		fi;
		faults = FAULTS;
		run ksa(S); run ksa(D);
		run kma_source(); run kma_destination();
		run world()
	}
}

ltl heals { [] <> CALM }
