/* storekeyctl.c - store keys on the control socket. */
#include "storekeyimpl.h"

#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "err.h"
#include "log.h"
#include "secret.h"

json_t *
storekey_status(struct storekey *k)
{
	const struct storekey_table	*t = k->conf.tables;
	json_int_t			 tables = 0;
	json_t				*o;

	while (t[tables].next != NULL)
		tables++;
	o = json_pack("{s:I, s:I, s:I, s:b, s:b, s:b}",
	    "key", (json_int_t)k->id, "made", (json_int_t)k->made,
	    "seals_reserved", (json_int_t)k->reserved,
	    "sealing_again", k->before != 0,
	    "node_key_unsettled", k->pending,
	    "cleaning", k->unclean);
	if (k->before != 0)
		json_object_set_new(o, "progress", json_pack("{s:I, s:I, s:I}",
		    "rows", (json_int_t)k->walk.rows,
		    "tables_done", (json_int_t)k->walk.table,
		    "tables", tables));
	json_object_set_new(o, "unreadable",
	    json_integer((json_int_t)k->walk.bad));
	return o;
}

static json_t *
answer(struct storekey *k, int r)
{
	return r < 0 ? ctl_error("%s", r == -E_BUSY ? k->pending ?
	    "the last change of the node key is not settled: qkdctl "
	    "rotate-key --node-key does that first" :
	    "the store is still being sealed again: wait until \"key\" says "
	    "sealing_again false" : r == -E_SEAL ?
	    "the node key does not open this store (one in a token: is the "
	    "token there?)" : err_text(r)) :
	    storekey_status(k);
}

static json_t *
on_status(void *arg, int nargs, char **args)
{
	(void)nargs, (void)args;
	return storekey_status(arg);
}

static json_t *
on_rotate(void *arg, int nargs, char **args)
{
	(void)nargs, (void)args;
	return answer(arg, storekey_rotate(arg));
}

static json_t *
on_offer(void *arg, int nargs, char **args)
{
	return answer(arg, storekey_offer(arg, args[nargs - 1]));
}

static json_t *
on_settle(void *arg, int nargs, char **args)
{
	return answer(arg, storekey_settle(arg, args[nargs - 1]));
}

/* ---- zeroize ---- */

/*
 * Not an orderly end: another thread may be using what goes, and if it falls
 * over that, so be it. qkdctl destroys the files.
 */
static json_t *
on_zeroize(void *arg, int nargs, char **args)
{
	struct storekey	*k = arg;

	if (strcmp(args[nargs - 1], "now") != 0)
		return ctl_error("zeroize now: destroys the keys in memory");
	log_notice("zeroized: the keys in memory are wiped", NULL);
	secret_wipe_all();
	sealer_wipe(k->reader);
	sealer_wipe(k->writer);
	kek_free(&k->conf.kek);
	_exit(0);
}

const struct ctl_command storekey_commands[] = {
	{ "key", "", "the keys that seal the store; how far a change is",
	  0, 0, false, on_status },
	{ "key rotate", "", "a new data key: the store is sealed again",
	  0, 0, true, on_rotate },
	{ "key offer", "FILE", "this node key opens the store too (qkdctl "
	  "rotate-key --node-key)", 1, 1, true, on_offer },
	{ "key settle", "FILE", "this node key alone opens the store", 1, 1,
	  true, on_settle },
	{ "zeroize", "now", "wipes the keys in memory and ends (qkdctl "
	  "zeroize destroys the files too)", 1, 1, true, on_zeroize },
	{ NULL, NULL, NULL, 0, 0, false, NULL }
};
