/* chain.c - a chain of real kma and qkdmod processes. */
#include "chain.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define TAKE_MS	3000

const char	*chain_kma_options = "";
unsigned	 chain_block_octets = CHAIN_BLOCK;

/* ---- files ---- */

static void
die(const char *what)
{
	perror(what);
	abort();
}

static void
write_file(const char *path, const char *text)
{
	FILE	*f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		die(path);
	chmod(path, 0600);
}

static void
make_dir(const char *base, const char *name)
{
	char	path[256];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	if (mkdir(path, 0750) < 0)
		die(path);
}

static void
link_name(char *out, size_t room, unsigned lower)
{
	snprintf(out, room, "%u-%u", lower, lower + 1);
}

static void
write_module(struct chain_node *nd, unsigned lower)
{
	char	path[256], text[1024], name[16], sub[64];

	link_name(name, sizeof(name), lower);
	snprintf(path, sizeof(path), "%s/seed-%s", nd->dir, name);
	snprintf(text, sizeof(text), "%064x\n", lower + 77);
	write_file(path, text);
	snprintf(sub, sizeof(sub), "mod-%s", name);
	make_dir(nd->dir, sub);
	snprintf(sub, sizeof(sub), "ctl-qkdmod-%s", name);
	make_dir(nd->dir, sub);
	snprintf(text, sizeof(text), "link = \"%s\";\ndriver = \"sim\";\n"
	    "run_dir = \"%s\";\nblock_octets = %u;\n"
	    "sim_seed_file = \"%s\";\nsim_rate = 4000000;\n"
	    "sim_lump = 50;\nlocked_memory = 1048576;\n",
	    name, nd->dir, chain_block_octets, path);
	snprintf(path, sizeof(path), "%s/mod-%s.conf", nd->dir, name);
	write_file(path, text);
}

static void
write_kma(struct chain_node *nd)
{
	char	path[256], text[2048], links[512] = "";
	size_t	len = 0;

	for (unsigned i = 0; i < 2; i++) {
		unsigned lower = nd->n - 1 + i;

		if ((i == 0 && nd->n == 0) ||
		    (i == 1 && nd->n + 1 == nd->chain->n))
			continue;
		write_module(nd, lower);
		len += (size_t)snprintf(links + len, sizeof(links) - len,
		    "%s{ name = \"%u-%u\"; peer = \"KME-%u\"; }",
		    len > 0 ? ", " : "", lower, lower + 1,
		    i == 0 ? nd->n - 1 : nd->n + 1);
	}
	make_dir(nd->dir, "kma-ksa");
	make_dir(nd->dir, "kma-relayd");
	make_dir(nd->dir, "ctl-kma");
	snprintf(path, sizeof(path), "%s/node.key", nd->dir);
	snprintf(text, sizeof(text), "%064x\n", nd->n + 1);
	write_file(path, text);
	snprintf(text, sizeof(text), "kme_id = \"%s\";\nrun_dir = \"%s\";\n"
	    "store = \"%s/keys.db\";\nnode_key = \"%s\";\n"
	    "locked_memory = 2097152;\nblock_octets = %u;\n"
	    "relay_timeout = 2000;\n%slinks = ( %s );\n", nd->km, nd->dir,
	    nd->dir, path, chain_block_octets, chain_kma_options, links);
	snprintf(path, sizeof(path), "%s/kma.conf", nd->dir);
	write_file(path, text);
}

/* ---- processes ---- */

static pid_t
spawn(struct chain_node *nd, const char *program, const char *conf)
{
	char	log[256], path[256];
	pid_t	pid;

	snprintf(path, sizeof(path), "%s/%s.conf", nd->dir, conf);
	snprintf(log, sizeof(log), "%s/%s.log", nd->dir, conf);
	if ((pid = fork()) < 0)
		die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* never outlives the test */
	/* A daemon ends with its loop's own events; faults still show. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	close(2);
	if (open(log, O_WRONLY | O_CREAT | O_APPEND, 0600) != 2)
		_exit(126);
	execl(program, program, "-c", path, (char *)NULL);
	_exit(127);
}

static void
end(pid_t *pid, int sig)
{
	if (*pid <= 0)
		return;
	kill(*pid, sig);
	kill(*pid, SIGCONT);	/* a stopped one too */
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

void
chain_start_kma(struct chain *c, unsigned n)
{
	c->node[n].kma = spawn(&c->node[n], "kma/kma", "kma");
}

void
chain_kill_kma(struct chain *c, unsigned n)
{
	end(&c->node[n].kma, SIGKILL);
}

int
chain_stop_kma(struct chain *c, unsigned n)
{
	int	status;

	kill(c->node[n].kma, SIGTERM);
	waitpid(c->node[n].kma, &status, 0);
	c->node[n].kma = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
start_modules(struct chain *c, unsigned n)
{
	char	conf[32];

	for (unsigned i = 0; i < 2; i++) {
		if ((i == 0 && n == 0) || (i == 1 && n + 1 == c->n))
			continue;
		snprintf(conf, sizeof(conf), "mod-%u-%u", n - 1 + i, n + i);
		c->node[n].mod[i] = spawn(&c->node[n], "qkdmod/qkdmod", conf);
	}
}

void
chain_modules(struct chain *c, bool go)
{
	for (unsigned n = 0; n < c->n; n++)
		for (unsigned i = 0; i < 2; i++)
			if (c->node[n].mod[i] > 0)
				kill(c->node[n].mod[i],
				    go ? SIGCONT : SIGSTOP);
}

/* ---- in the place of relayd ---- */

static int
node_of(struct chain *c, const char *km)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->node[i].km, km) == 0)
			return (int)i;
	return -1;
}

static void
carry(struct chain *c, struct msg *m, unsigned from, int to)
{
	if (to < 0 || c->cut)
		return;
	if (c->filter != NULL && !c->filter(c, m, from, (unsigned)to))
		return;
	(void)ipc_send(c->node[to].relayd, m);
}

static void
carry_relay(struct chain *c, struct chain_node *nd, struct msg *m)
{
	int	to = node_of(c, m->relay_out.hop);

	c->relayed++;
	m->id = MSG_relay_in;	/* the same fields */
	snprintf(m->relay_in.hop, sizeof(m->relay_in.hop), "%s", nd->km);
	carry(c, m, nd->n, to);
}

static void
relayd_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct chain_node	*nd = arg;
	struct chain		*c = nd->chain;
	struct route		 route;
	int			 to;

	(void)ipc;
	switch (m->id) {
	case MSG_control_out:
		to = node_of(c, m->control_out.peer);
		m->id = MSG_control_in;
		snprintf(m->control_in.peer, sizeof(m->control_in.peer), "%s",
		    nd->km);
		carry(c, m, nd->n, to);
		break;
	case MSG_relay_out:
		carry_relay(c, nd, m);
		break;
	case MSG_done_out:
		if (route_parse(&route, m->done_out.route) < 0)
			break;
		m->id = MSG_done_in;
		carry(c, m, nd->n, node_of(c, route.km[0]));
		break;
	default:
		break;
	}
}

static void
tell_neighbour(struct chain_node *nd, unsigned other, bool up)
{
	struct msg	m = { .id = MSG_neighbour };

	memcpy(m.neighbour.km, nd->chain->node[other].km, sizeof(km_id));
	m.neighbour.up = up;
	(void)ipc_send(nd->relayd, &m);
}

static void
tell_all(struct chain_node *nd, bool up)
{
	struct chain	*c = nd->chain;

	if (nd->n > 0)
		tell_neighbour(nd, nd->n - 1, up);
	if (nd->n + 1 < c->n)
		tell_neighbour(nd, nd->n + 1, up);
}

static void
relayd_up(void *arg, struct ipc *ipc)
{
	struct chain_node	*nd = arg;

	(void)ipc;
	nd->relayd_up = true;
	tell_all(nd, !nd->chain->cut);
}

static void
relayd_down(void *arg, struct ipc *ipc)
{
	struct chain_node	*nd = arg;

	(void)ipc;
	nd->relayd_up = false;
}

void
chain_path(struct chain *c, bool up)
{
	c->cut = !up;
	for (unsigned i = 0; i < c->n; i++)
		tell_all(&c->node[i], up);
}

/* ---- in the place of ksa ---- */

static void
fetched(void *arg, int err, struct msg *m)
{
	struct chain_block	*b = arg;

	b->fetched = err;
	if (err == 0) {
		b->fetched = 1;
		b->at_destination = m->block_given.key;
		m->block_given.key = NULL;
	}
}

static void
ksa_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct chain_node	*nd = arg;
	struct chain		*c = nd->chain;
	struct msg		 ask = { .id = MSG_block_fetch };
	struct chain_block	*b = NULL;

	if (m->id != MSG_block_ready)
		return;
	for (size_t i = 0; i < c->nblocks; i++)
		if (c->blocks[i].block == m->block_ready.block)
			b = &c->blocks[i];
	if (b == NULL || b->to != nd->n || b->fetched != 0)
		return;
	memcpy(ask.block_fetch.source, m->block_ready.source, sizeof(km_id));
	ask.block_fetch.block = b->block;
	b->fetched = -E_MAX;	/* asked */
	(void)ipc_request(ipc, &ask, TAKE_MS, fetched, b);
}

static void
ksa_up(void *arg, struct ipc *ipc)
{
	(void)ipc;
	((struct chain_node *)arg)->ksa_up = true;
}

static void
ksa_down(void *arg, struct ipc *ipc)
{
	(void)ipc;
	((struct chain_node *)arg)->ksa_up = false;
}

static void
taken(void *arg, int err, struct msg *m)
{
	struct chain_block	*b = arg;

	b->taken = err;
	if (err == 0) {
		b->taken = 1;
		b->at_source = m->block_given.key;
		m->block_given.key = NULL;
	}
}

struct chain_block *
chain_take(struct chain *c, unsigned from, unsigned to)
{
	static uint64_t		 last;
	struct msg		 m = { .id = MSG_block_take };
	struct chain_block	*b = &c->blocks[c->nblocks++];

	if (c->nblocks == sizeof(c->blocks) / sizeof(c->blocks[0]))
		abort();
	b->from = from;
	b->to = to;
	b->block = serial_next(&last, 0);
	memcpy(m.block_take.peer, c->node[to].km, sizeof(km_id));
	m.block_take.block = b->block;
	if (ipc_request(c->node[from].ksa, &m, TAKE_MS, taken, b) < 0)
		b->taken = -E_DOWN;
	return b;
}

static struct chain_block	*awaited;

static bool
fate_known(struct chain *c)
{
	(void)c;
	return awaited->taken < 0 ||
	    (awaited->taken == 1 && awaited->fetched == 1);
}

bool
chain_supplies(struct chain *c, unsigned from, unsigned to)
{
	for (unsigned try = 0; try < 100; try++) {
		struct chain_block	*b = chain_take(c, from, to);

		awaited = b;
		if (chain_until(c, fate_known, TAKE_MS + 500) &&
		    b->taken == 1)
			return b->at_source->len == b->at_destination->len &&
			    memcmp(b->at_source->bytes,
			    b->at_destination->bytes, b->at_source->len) == 0;
		awaited = NULL;
		chain_until(c, NULL, 200);
	}
	return false;
}

static bool
same(const struct secret *a, const struct secret *b)
{
	return a != NULL && b != NULL && memcmp(a->bytes, b->bytes, 64) == 0;
}

bool
chain_uses_nothing_twice(struct chain *c)
{
	const struct chain_block	*a, *b;

	for (a = c->blocks; a < c->blocks + c->nblocks; a++)
		for (b = c->blocks; b < a; b++)
			if (same(a->at_source, b->at_source) ||
			    same(a->at_destination, b->at_destination))
				return false;
	return true;
}

/* ---- life ---- */

static const struct ipc_ops relayd_ops = { relayd_input, relayd_up,
	relayd_down };
static const struct ipc_ops ksa_ops = { ksa_input, ksa_up, ksa_down };

static void
node_start(struct chain *c, unsigned n)
{
	struct chain_node	*nd = &c->node[n];
	char			 path[256], name[16];

	nd->chain = c;
	nd->n = n;
	snprintf(nd->km, sizeof(nd->km), "KME-%u", n);
	snprintf(name, sizeof(name), "%u", n);
	make_dir(c->dir, name);
	snprintf(nd->dir, sizeof(nd->dir), "%s/%s", c->dir, name);
	write_kma(nd);
	start_modules(c, n);
	chain_start_kma(c, n);
	snprintf(path, sizeof(path), "%s/kma-relayd/data", nd->dir);
	if (ipc_dial(&nd->relayd, c->base, path, RELAYD, KMA, IPC_ANY_UID,
	    &relayd_ops, nd) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/kma-ksa/data", nd->dir);
	if (ipc_dial(&nd->ksa, c->base, path, KSA, KMA, IPC_ANY_UID, &ksa_ops,
	    nd) < 0)
		abort();
}

struct chain *
chain_new(unsigned nodes)
{
	struct chain	*c = calloc(1, sizeof(*c));

	if (c == NULL || (c->base = event_base_new()) == NULL)
		abort();
	log_init("test", LL_WARN);
	snprintf(c->dir, sizeof(c->dir), "/tmp/chain.XXXXXX");
	if (mkdtemp(c->dir) == NULL)
		die("mkdtemp");
	c->n = nodes;
	for (unsigned i = 0; i < nodes; i++)
		node_start(c, i);
	return c;
}

void
chain_free(struct chain *c)
{
	char	command[128];

	for (unsigned i = 0; i < c->n; i++) {
		struct chain_node	*nd = &c->node[i];

		ipc_free(&nd->relayd);
		ipc_free(&nd->ksa);
		end(&nd->kma, SIGTERM);
		end(&nd->mod[0], SIGTERM);
		end(&nd->mod[1], SIGTERM);
	}
	for (size_t i = 0; i < c->nblocks; i++) {
		secret_free(&c->blocks[i].at_source);
		secret_free(&c->blocks[i].at_destination);
	}
	snprintf(command, sizeof(command), "rm -rf %s", c->dir);
	if (getenv("KEEP") == NULL && system(command) != 0)
		die(command);
	event_base_free(c->base);
	free(c);
}

bool
chain_until(struct chain *c, bool (*fn)(struct chain *), unsigned ms)
{
	struct timeval	slice = { 0, 5000 };
	uint64_t	end_at = mono_ms() + ms;

	do {
		if (fn != NULL && fn(c))
			return true;
		event_base_loopexit(c->base, &slice);
		event_base_dispatch(c->base);
	} while (mono_ms() < end_at);
	return fn != NULL && fn(c);
}

/* ---- stores and logs ---- */

static void
shell(const char *fmt, const char *dir)
{
	char	command[512];

	snprintf(command, sizeof(command), fmt, dir, dir, dir);
	if (system(command) != 0)
		die(command);
}

void
chain_store_save(struct chain *c, unsigned n)
{
	shell("mkdir -p %s/saved && cp %s/keys.db* %s/saved/", c->node[n].dir);
}

void
chain_store_restore(struct chain *c, unsigned n)
{
	shell("rm -f %s/keys.db* && cp %s/saved/keys.db* %s/", c->node[n].dir);
}

void
chain_store_fail(struct chain *c, unsigned n, const char *kind)
{
	sqlite3	*db;
	char	 path[256], sql[256], *why = NULL;

	snprintf(path, sizeof(path), "%s/keys.db", c->node[n].dir);
	snprintf(sql, sizeof(sql), kind == NULL ? "DROP TRIGGER full" :
	    "CREATE TRIGGER full BEFORE %s BEGIN"
	    " SELECT abs(-9223372036854775807 - 1); END", kind);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, TAKE_MS) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		die(why != NULL ? why : path);
	sqlite3_close(db);
}

const char *
chain_log(struct chain *c, unsigned n, const char *event)
{
	static char	 found[512];
	char		 path[256], line[512];
	FILE		*f;

	snprintf(path, sizeof(path), "%s/kma.log", c->node[n].dir);
	if ((f = fopen(path, "r")) == NULL)
		return NULL;
	found[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, event) != NULL)
			memcpy(found, line, sizeof(found));
	fclose(f);
	return found[0] == '\0' ? NULL : found;
}

json_t *
chain_ask(struct chain *c, unsigned n, const char *daemon, const char *command)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	json_t			*answer;
	FILE			*f = NULL;
	int			 fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.70s/ctl-%.20s/sock",
	    c->node[n].dir, daemon);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    dprintf(fd, "%s\n", command) < 0 ||
	    (f = fdopen(fd, "r")) == NULL)
		die(sun.sun_path);
	answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
	fclose(f);
	return answer;
}

json_t *
chain_status(struct chain *c, unsigned n)
{
	return chain_ask(c, n, "kma", "status");
}
