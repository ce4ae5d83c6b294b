/* node.c - asks all daemons of the node. */
#include "node.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "daemons.h"
#include "field.h"

static const char *
cause(const struct ask_error *e)
{
	if (e->code == CALL_REFUSED)
		return "refused";
	switch (e->err) {
	case EACCES:
	case EPERM:
		return "permission";
	case ENOENT:
		return "absent";
	case ECONNREFUSED:
		return "ended";
	default:
		return "silent";
	}
}

static bool
has_store(const char *daemon)
{
	return strcmp(daemon, "kma") == 0 || strcmp(daemon, "ksa") == 0;
}

static json_t *
ask_status(const struct call *c, const char *daemon)
{
	struct ask_error	 e;
	char			 text[sizeof(e.text)];
	json_t			*status = ask_word(c, daemon, "status", &e);

	if (status != NULL)
		return json_pack("{s:o, s:o*}", "status", status, "key",
		    has_store(daemon) ? ask_word(c, daemon, "key", &e) :
		    NULL);
	return json_pack("{s:s, s:s}", "error", field_text(text, sizeof(text),
	    e.text), "cause", cause(&e));
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* What became of the node's files, where they are the installed ones. */
static void
add_files(json_t *node, const char *run_dir)
{
	bool	installed = strcmp(run_dir, RUNSTATEDIR "/qkdnode") == 0;

	json_object_set_new(node, "zeroized", json_boolean(installed &&
	    access(LOCALSTATEDIR "/lib/qkdnode/zeroized", F_OK) == 0));
	json_object_set_new(node, "set_up", json_boolean(!installed ||
	    is_there(SYSCONFDIR "/qkdnode/kma.conf")));
}

json_t *
node_ask(const struct call *c)
{
	static struct daemons	 d;
	struct ask_error	 e;
	json_t			*all = json_object(), *node, *kma;
	char			 dir[ASK_PATH];

	kma = ask_status(c, "kma");
	daemons_find(&d, c, json_object_get(kma, "status"));
	json_object_set_new(all, "kma", kma);
	for (unsigned i = 0; i < d.n; i++)
		if (strcmp(d.name[i], "kma") != 0)
			json_object_set_new(all, d.name[i],
			    ask_status(c, d.name[i]));
	node = json_pack("{s:s, s:b, s:o}", "run_dir",
	    field_text(dir, sizeof(dir), c->run_dir), "present",
	    access(c->run_dir, F_OK) == 0, "daemons", all);
	add_files(node, c->run_dir);
	if (field_object(kma, "status") != NULL)
		json_object_set_new(node, "route", ask_word(c, "kma", "route",
		    &e));
	return node;
}

json_t *
node_status(const json_t *node, const char *daemon)
{
	return field_object(field_object(field_object(node, "daemons"),
	    daemon), "status");
}

bool
node_answers(const json_t *node)
{
	const char	*name;
	json_t		*d;

	json_object_foreach(field_object(node, "daemons"), name, d)
		if (field_object(d, "status") != NULL)
			return true;
	return false;
}

const char *
node_kme_id(const json_t *node)
{
	static const char *const	who[] = { "ksa", "kma", "relayd" };
	const char			*id = NULL;

	for (size_t i = 0; id == NULL && i < 3; i++)
		id = field_str(node_status(node, who[i]), "kme_id", NULL);
	return id;
}
