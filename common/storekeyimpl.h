/* storekeyimpl.h - what the files of storekey.h share. */
#ifndef QKD_STOREKEYIMPL_H
#define QKD_STOREKEYIMPL_H

#include "storekey.h"

#define STOREKEY_STEP	(UINT64_C(1) << 22)	/* seals set aside at once */
#define STOREKEY_MOST	(UINT64_C(1) << 31)	/* then a new key */

struct storekey_walk {		/* through what the key before has sealed */
	size_t		table;
	int64_t		a, b;		/* done up to this row */
	int64_t		at_a, at_b;	/* the same, of the batch under way */
	uint64_t	at_rows, at_bad;
	bool		at_end;		/* ... the end of the table */
	uint64_t	rows, bad;	/* `bad` are under neither key */
	uint64_t	began;		/* the batch, ms */
	bool		busy, logged;
};

struct storekey {
	struct storekey_conf	 conf;
	struct db		*db;		/* once started: in jobs */
	struct committer	*committer;
	struct event		*tick, *step;
	struct sealer		*writer, *reader;
	uint64_t		 id, made;	/* of the data key */
	uint64_t		 reserved;	/* seals set aside on disk */
	uint64_t		 counted;	/* ... of those made here */
	struct { uint64_t id, seals; bool busy; } reserve;	/* the job */
	uint64_t		 renew;		/* a new one: not before, mono ms */
	uint64_t		 before;	/* id of the old one; 0: none */
	bool			 pending;	/* wrapped_next is there */
	bool			 unclean;	/* a key may be in the log */
	uint64_t		 truncated;	/* ... if no more than these */
	unsigned		 ticks;
	struct storekey_walk	 walk;
};

struct storekey_row {
	uint64_t	id, made, seals;
	uint8_t		wrapped[2][KEK_WRAPPED];	/* now, next */
	bool		there[2];
};

/* At most two: how many, or negative. */
int	storekey_rows(struct db *, struct storekey_row rows[2]);
/* Which wrapping of the row that node key opens: 0, 1, or -E_SEAL. */
int	storekey_open_row(const struct storekey *, struct kek *,
	    const struct storekey_row *, uint8_t key[SEAL_KEY]);
int	storekey_wrap_next(struct storekey *, struct db *, struct kek *,
	    const struct storekey_row *, const uint8_t key[SEAL_KEY]);
int	storekey_draw(uint8_t key[SEAL_KEY]);
int	storekey_add(struct storekey *, struct db *, uint64_t id,
	    uint64_t seals, const uint8_t key[SEAL_KEY]);
/* A wrapping was overwritten: out of the log with it. */
void	storekey_clean(struct storekey *);

/* storekeywalk.c: sealing again. Begins, if there is a key before. */
void	storekeywalk_begin(struct storekey *);
void	storekeywalk_step(evutil_socket_t, short, void *);	/* on_step */

#endif
