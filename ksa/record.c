/* record.c - rows of the record of keys, of ksa. */
#include "ksa/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/blocks.h"
#include "ksa/deliver.h"
#include "ksa/keystore.sql.h"
#include "ksa/sessionstore.h"

#define PIECE_TEXT	(20 + 1 + 10 + 1 + 10 + 1)
#define FEW		8	/* pieces: most requests have one or two */

/* A peer's name does not change: the last one is remembered. */
static int
peer_name(struct side *s, int64_t peer, const char **km)
{
	struct named	*n = &s->named;
	sqlite3_stmt	*st;
	int		 r;

	*km = n->km;
	if (n->peer == peer && n->km[0] != '\0')
		return 0;
	n->km[0] = '\0';
	st = db_bind(s->db, SQL_PEER_KM, "i", peer);
	if ((r = db_step(s->db, st)) != SQLITE_ROW)
		return r < 0 ? r : -E_STORE;
	n->peer = peer;
	snprintf(n->km, sizeof(n->km), "%s", sqlite3_column_text(st, 0));
	sqlite3_reset(st);
	return 0;
}

int
record(struct side *s, int64_t peer, struct audit_row *row)
{
	int	r = peer_name(s, peer, &row->peer);

	return r < 0 ? r : audit_add(s->audit, row);
}

static void
pieces_text(const struct pieces *p, char *out, size_t room)
{
	size_t	n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < p->n && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, "%s%" PRIu64 "+%"
		    PRIu32 ":%" PRIu32, i > 0 ? "," : "", p->v[i].block,
		    p->v[i].offset, p->v[i].octets);
}

int
record_binding(struct side *s, enum audit_event event, int64_t peer,
    const struct binding *b)
{
	struct audit_row row = { .event = event, .source = b->master,
	    .destination = b->slaves, .request = b->request, .first = 0,
	    .last = b->keys - 1, .count = b->keys, .octets = b->octets };
	char	few[FEW * PIECE_TEXT], *text = few;
	size_t	room = sizeof(few);
	int	r;

	if (b->pieces->n > FEW) {
		room = (size_t)b->pieces->n * PIECE_TEXT;
		if ((text = malloc(room)) == NULL)
			return -E_NO_MEMORY;
	}
	pieces_text(b->pieces, text, room);
	row.detail = text;
	row.application = event == AUDIT_SUPPLIED ? b->master : NULL;
	r = record(s, peer, &row);
	if (text != few)
		free(text);
	return r;
}

int
record_keys(struct side *s, enum audit_event event, int64_t peer,
    uint64_t request, uint32_t keys, const char *why)
{
	struct audit_row row = { .event = event, .request = request,
	    .last = keys - 1, .count = keys, .detail = why };

	return record(s, peer, &row);
}

int
record_block(struct side *s, enum audit_event event, int64_t peer,
    int direction, uint64_t serial, uint32_t octets, const char *why)
{
	struct audit_row row = { .event = event, .block = serial,
	    .octets = octets, .detail = why };
	int	r = peer_name(s, peer, direction == OWN ? &row.destination :
		    &row.source);

	return r < 0 ? r : record(s, peer, &row);
}

int
record_many(struct side *s, enum audit_event event, int64_t peer, int n,
    const char *what)
{
	struct audit_row	row = { .event = event };
	char			text[160];

	snprintf(text, sizeof(text), "%d %s", n, what);
	row.detail = text;
	return n <= 0 ? n : peer == 0 ? audit_add(s->audit, &row) :
	    record(s, peer, &row);
}

static bool
goes_on(const struct wanted *a, const struct wanted *b)
{
	return b->peer == a->peer && b->request == a->request &&
	    b->place == a->place + 1 && (b->stamp == 0) == (a->stamp == 0);
}

int
record_delivery(struct side *s, const struct fetch *f)
{
	const struct wanted	*v = f->v;
	uint32_t		 n;
	int			 r = 0;

	for (uint32_t i = 0; r == 0 && i < f->number; i += n) {
		for (n = 1; i + n < f->number &&
		    goes_on(&v[i + n - 1], &v[i + n]); n++)
			;
		struct audit_row row = {
		    .event = v[i].stamp == 0 ? AUDIT_REDELIVERED :
		    AUDIT_DELIVERED, .application = f->caller,
		    .request = v[i].request, .first = v[i].place,
		    .last = v[i].place + n - 1, .count = n,
		    .octets = f->sizes[i] };
		r = record(s, v[i].peer->id, &row);
	}
	return r;
}

int
record_plain(struct side *s, struct audit_row *row, const char *km,
    const uint8_t (*ids)[KEYID_OCTETS], uint32_t n)
{
	size_t	 room = (size_t)n * (UUID_TEXT + 1);
	char	*text;
	int	 r;

	if (n == 0 || (text = malloc(room)) == NULL)
		return n == 0 ? 0 : -E_NO_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		uuid_print(ids[i], text + (size_t)i * (UUID_TEXT + 1));
		text[(size_t)(i + 1) * (UUID_TEXT + 1) - 1] = ',';
	}
	text[room - 1] = '\0';
	row->peer = km;
	row->first = 0;
	row->last = n - 1;
	row->count = n;
	row->detail = text;
	r = audit_add(s->audit, row);
	free(text);
	return r;
}

int
record_session(struct side *s, enum audit_event event,
    const uint8_t id[BINDING_SESSION], const struct session_row *w)
{
	struct audit_row	row = { .event = event };
	uuid_text		text;

	uuid_print(id, text);
	row.detail = text;
	if (w == NULL)
		return audit_add(s->audit, &row);
	row.source = w->source;
	row.destination = w->destination;
	return record(s, w->peer, &row);
}
