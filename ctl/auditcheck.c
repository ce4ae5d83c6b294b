/* auditcheck.c - qkdctl audit verify. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "auditask.h"
#include "auditverify.h"
#include "err.h"
#include "field.h"

/*
 * What the daemon knows before the rows are read: those must lead to it. 1: it
 * was asked, 0: it does not run, or may not be asked.
 */
static int
ask_daemon(struct auditcmd *a)
{
	struct ask_error	 e;
	json_t			*j;
	int			 r = 0;

	if (!a->ask)
		return 0;
	if ((j = ask_word(a->call, a->daemon, "audit", &e)) != NULL &&
	    auditrow_anchor_parse(&a->anchors[a->nanchors],
	    field_str(j, "anchor", "")) == 0)
		r = 1;
	json_decref(j);
	return r;
}

static void
directory(char out[4096], const struct auditcmd *a)
{
	const char	*slash = strrchr(a->store, '/');

	if (a->archives != NULL)
		snprintf(out, 4096, "%s", a->archives);
	else
		snprintf(out, 4096, "%.*s", slash == NULL ? 1 :
		    (int)(slash - a->store), slash == NULL ? "." : a->store);
}

/* Names of files are as the store has them: any octets. */
static void
clean(char *text, size_t room)
{
	char	copy[AUDITVERIFY_TEXT];

	snprintf(copy, sizeof(copy), "%s", text);
	field_text(text, room, copy);
}

static void
print_text(const struct auditcmd *a, const struct auditverify *v, int asked)
{
	char	anchor[AUDITROW_ANCHOR_TEXT];

	auditrow_anchor_text(&v->head, anchor);
	if (v->fault_at != 0)
		printf("%s: NOT WHOLE: %s\n", a->store, v->fault);
	else
		printf("%s: whole%s, %" PRIu64 " rows, anchor %s%s\n",
		    a->store, v->absent[0] != '\0' ? " as far as it is here" :
		    "", v->rows, anchor, asked ? ", as the daemon says" : "");
	if (v->accepted > 0)
		printf("%s: let pass by the operator: %s\n", a->store,
		    v->accepted_last);
	if (v->absent[0] != '\0')
		printf("%s: not here, so not checked: %s\n", a->store,
		    v->absent);
	if (v->unchecked[0] != '\0')
		printf("%s: ANCHORS NOT CHECKED, their archive is not here: "
		    "%s\n", a->store, v->unchecked);
}

/* null: nothing is wrong with what is here. */
static json_t *
is_whole(const struct auditverify *v)
{
	return v->fault_at != 0 ? json_false() : v->absent[0] != '\0' ?
	    json_null() : json_true();
}

static void
print_json(const struct auditcmd *a, const struct auditverify *v, int asked)
{
	char	anchor[AUDITROW_ANCHOR_TEXT];
	json_t	*j;

	auditrow_anchor_text(&v->head, anchor);
	j = json_pack("{s:s, s:o, s:I, s:s, s:b, s:I, s:s, s:i, s:s, s:s, s:s}",
	    "store", a->store, "whole", is_whole(v),
	    "rows", (json_int_t)v->rows, "anchor", anchor,
	    "daemon_asked", asked, "row", (json_int_t)v->fault_at,
	    "fault", v->fault_at == 0 ? "" : v->fault,
	    "accepted", (int)v->accepted, "accepted_fault", v->accepted_last,
	    "absent", v->absent, "anchors_unchecked", v->unchecked);
	if (j != NULL)
		json_dumpf(j, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(j);
}

static void
cannot(const struct auditcmd *a, const struct auditverify *v, int r)
{
	if (v->file[0] != '\0')
		fprintf(stderr, "qkdctl: %s: its archive %s may not be read, "
		    "or is no file\n", a->store, v->file);
	else
		fprintf(stderr, "qkdctl: %s: %s\n", a->store,
		    r == -E_NOT_FOUND ? "is not there, may not be read, or "
		    "has no record of keys" : r == -E_STORE_CORRUPT ? "is "
		    "damaged, or no store: its tables are none, or their rows "
		    "do not end" : err_text(r));
}

int
auditcmd_verify(struct auditcmd *a)
{
	struct auditverify	v = { 0 };
	char			dir[4096];
	int			asked = ask_daemon(a), r;

	directory(dir, a);
	r = auditverify(&v, a->store, dir, a->anchors, a->nanchors +
	    (size_t)asked);
	clean(v.fault, sizeof(v.fault));
	clean(v.accepted_last, sizeof(v.accepted_last));
	clean(v.absent, sizeof(v.absent));
	clean(v.file, sizeof(v.file));
	if (r < 0) {
		cannot(a, &v, r);
		return CALL_UNREACHABLE;
	}
	if (a->json)
		print_json(a, &v, asked);
	else
		print_text(a, &v, asked);
	return v.fault_at != 0 ? CALL_REFUSED : v.unchecked[0] != '\0' ?
	    CALL_UNREACHABLE : CALL_DONE;
}
