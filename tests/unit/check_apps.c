/* check_apps.c - tests ksa/apps.c and ksa/applearn.c: each node has its own
 * applications in its configuration, and learns those of the others. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/apps.h"
#include "ksa/appsint.h"
#include "ksa/place.h"
#include "ksa/sae.h"
#include "unit.h"

#define IDS(r)	((const uint8_t (*)[16])(r).ids)
#define ROOM	4

static struct pair_result	e, d;
static struct ksa_application	own[PAIR_MESH][ROOM];

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static struct apps *
apps_of(unsigned i, const char *km)
{
	return peer_find(env(i), km)->apps;
}

static void
reload(unsigned i)
{
	ck_assert_int_eq(sae_book_reload(pair.n[i].book, &pair.n[i].conf), 0);
	if (pair.n[i].s != NULL)
		supply_reload(pair.n[i].s);
}

/* One more in the configuration of that node. */
static void
configure(unsigned i, const char *id, const char *km)
{
	struct conf_list	*l = &pair.n[i].conf.applications;

	ck_assert_uint_lt(l->n, ROOM);
	l->v = own[i];
	memset(&own[i][l->n], 0, sizeof(own[i][0]));
	strcpy(own[i][l->n].id, id);
	strcpy(own[i][l->n].km, km);
	l->n++;
}

static void
register_at(unsigned i, const char *id)
{
	configure(i, id, pair.n[i].conf.kme_id);
	reload(i);
}

static void
withdraw(unsigned i)
{
	pair.n[i].conf.applications.n--;
	reload(i);
}

/* SAE-A1 and SAE-A2 at KME-A, and so on, each at its own node only. */
static void
begin(unsigned nodes)
{
	char	id[16];

	pair_open_nodes(unit_path("."), nodes);
	for (unsigned i = 0; i < nodes; i++) {
		pair.n[i].conf.applications.n = 0;
		for (int k = 1; k <= 2; k++) {
			snprintf(id, sizeof(id), "SAE-%c%d", 'A' + (int)i, k);
			configure(i, id, pair.n[i].conf.kme_id);
		}
		reload(i);
	}
}

static bool
all_told(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		for (size_t k = 1; k < env(i)->npeers; k++)
			if (!apps_told(env(i)->peers[k]->apps) ||
			    !apps_heard(env(i)->peers[k]->apps))
				return false;
	return true;
}

static bool
ready(void)
{
	return pair_ready() && all_told();
}

static void
start(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(all_told, 10000));
	ck_assert(pair_until(ready, 10000));
}

/* As a process that ends and starts: what was learned is on disk only. */
static void
restart(unsigned i)
{
	pair_stop(i);
	sae_book_free(&pair.n[i].book);
	ck_assert_int_eq(sae_book_new(&pair.n[i].book, &pair.n[i].conf), 0);
	ck_assert_int_eq(pair_start(i), 0);
}

static void
draw(unsigned i, const char *master, const char *slave)
{
	pair_enc(i, master, slave, 1, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
}

static void
same(unsigned i, const char *slave, const char *master)
{
	pair_dec(i, slave, master, IDS(e), 1, &d);
	ck_assert_msg(d.status == SUPPLY_OK, "%s: %s", slave, d.detail);
	ck_assert_mem_eq(d.keys, e.keys, 32);
}

static void
refused(const struct pair_result *r, enum supply_status s, const char *a,
    const char *b)
{
	ck_assert_msg(r->status == s, "%d %s", (int)r->status, r->detail);
	ck_assert_msg(strstr(r->detail, a) != NULL &&
	    strstr(r->detail, b) != NULL, "%s", r->detail);
}

static bool
is_at(unsigned i, const char *id, const char *km)
{
	struct place	pl;

	return place_find(pair.n[i].book, id, &pl) == 0 &&
	    strcmp(pl.km, km) == 0;
}

START_TEST(applications_registered_at_their_node_only_share_keys)
{
	begin(3);
	start();
	draw(0, "SAE-A1", "SAE-B2");
	same(1, "SAE-B2", "SAE-A1");
	draw(2, "SAE-C1", "SAE-A1");
	same(0, "SAE-A1", "SAE-C1");
	pair_enc(0, "SAE-A1", "SAE-Z", 1, 32, &e);
	refused(&e, SUPPLY_NOT_FOUND, "SAE-Z", "");
	pair_close();
}
END_TEST

static bool
b3_is_known(void)
{
	return is_at(0, "SAE-B3", "KME-B");
}

static bool
b3_is_unknown(void)
{
	struct place	pl;

	return place_find(pair.n[0].book, "SAE-B3", &pl) == -E_NOT_FOUND;
}

START_TEST(a_new_application_is_known_elsewhere_without_their_doing)
{
	begin(2);
	start();
	register_at(1, "SAE-B3");
	draw(1, "SAE-B3", "SAE-A1");	/* at once */
	same(0, "SAE-A1", "SAE-B3");
	ck_assert(pair_until(b3_is_known, 10000));
	draw(0, "SAE-A1", "SAE-B3");
	withdraw(1);
	ck_assert(pair_until(b3_is_unknown, 10000));
	pair_enc(0, "SAE-A1", "SAE-B3", 1, 32, &d);
	refused(&d, SUPPLY_NOT_FOUND, "SAE-B3", "");
	register_at(1, "SAE-B3");
	same(1, "SAE-B3", "SAE-A1");	/* what it had not fetched is there */
	pair_close();
}
END_TEST

static bool
bound_at_a(void)
{
	return env(0)->count.bindings_in > 0;
}

static bool
bound_at_b(void)
{
	return env(1)->count.bindings_in > 0;
}

START_TEST(what_was_learned_outlives_a_restart)
{
	begin(2);
	start();
	draw(1, "SAE-B1", "SAE-A1");
	ck_assert(pair_until(bound_at_a, 10000));
	pair_away(1, true);
	restart(0);
	ck_assert(is_at(0, "SAE-B1", "KME-B"));
	same(0, "SAE-A1", "SAE-B1");
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK ||
	    e.status == SUPPLY_UNAVAILABLE, "%s", e.detail);
	pair_enc(0, "SAE-A1", "SAE-Z", 1, 32, &e);
	refused(&e, SUPPLY_NOT_FOUND, "SAE-Z", "");
	pair_close();
}
END_TEST

START_TEST(before_a_peer_was_ever_heard_its_applications_may_exist)
{
	begin(2);
	pair_link(false);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(pair_start(i), 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	refused(&e, SUPPLY_UNAVAILABLE, "SAE-B1", "KME-B");
	draw(0, "SAE-A1", "SAE-A2");
	memset(e.ids, 7, 16);
	pair_dec(0, "SAE-A1", "SAE-B1", IDS(e), 1, &d);
	ck_assert_int_ne(d.status, SUPPLY_OK);
	pair_link(true);
	ck_assert(pair_until(ready, 10000));
	draw(0, "SAE-A1", "SAE-B1");
	same(1, "SAE-B1", "SAE-A1");
	pair_close();
}
END_TEST

static bool
x_is_twice_at_c(void)
{
	return place_clashes(pair.n[2].book, NULL, NULL) == 1;
}

static bool
x_is_twice_at_a_and_c(void)
{
	return place_clashes(pair.n[0].book, NULL, NULL) == 1 &&
	    x_is_twice_at_c();
}

static bool
no_clash(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		if (place_clashes(pair.n[i].book, NULL, NULL) != 0)
			return false;
	return all_told();
}

START_TEST(what_two_nodes_announce_is_refused_by_the_third)
{
	begin(3);
	start();
	register_at(0, "X");
	draw(0, "X", "SAE-C1");
	register_at(1, "X");
	ck_assert(pair_until(x_is_twice_at_a_and_c, 10000));
	pair_enc(2, "SAE-C1", "X", 1, 32, &d);
	refused(&d, SUPPLY_UNAVAILABLE, "KME-A", "KME-B");
	pair_dec(2, "SAE-C1", "X", IDS(e), 1, &d);
	refused(&d, SUPPLY_UNAVAILABLE, "KME-A", "KME-B");
	pair_dec(2, "SAE-C1", "SAE-C1", IDS(e), 1, &d);
	refused(&d, SUPPLY_UNAVAILABLE, "KME-A", "KME-B");
	pair_enc(0, "SAE-A1", "X", 1, 32, &d);	/* one of its own */
	refused(&d, SUPPLY_UNAVAILABLE, "KME-A", "KME-B");
	withdraw(1);
	ck_assert(pair_until(no_clash, 20000));
	same(2, "SAE-C1", "X");
	draw(2, "SAE-C1", "X");
	same(0, "X", "SAE-C1");
	pair_close();
}
END_TEST

START_TEST(a_pin_decides)
{
	begin(3);
	configure(2, "X", "KME-A");
	reload(2);
	start();
	register_at(0, "X");
	register_at(1, "X");
	ck_assert(pair_until(x_is_twice_at_c, 10000));
	draw(2, "SAE-C1", "X");
	same(0, "X", "SAE-C1");
	draw(0, "X", "SAE-C1");
	same(2, "SAE-C1", "X");
	pair_close();
}
END_TEST

/* B does not learn for now: A's list is on its way. */
static bool
in_conflict_at_b(void)
{
	return place_clashes(pair.n[1].book, NULL, NULL) == 1;
}

START_TEST(a_binding_waits_for_the_list_that_its_sender_had_in_mind)
{
	begin(3);
	start();
	register_at(2, "X");
	ck_assert(pair_until(no_clash, 10000));
	pair_run(300);
	apps_of(1, "KME-A")->calm = UINT64_MAX;
	register_at(0, "X");		/* it moves from C to A */
	draw(0, "X", "SAE-B1");
	pair_run(2500);
	ck_assert_uint_eq(env(1)->count.bindings_refused, 0);
	ck_assert(is_at(1, "X", "KME-C"));
	apps_of(1, "KME-A")->calm = 0;
	ck_assert(pair_until(in_conflict_at_b, 20000));
	withdraw(2);
	ck_assert(pair_until(no_clash, 20000));
	same(1, "SAE-B1", "X");
	ck_assert_uint_eq(env(1)->count.bindings_refused, 0);
	pair_close();
}
END_TEST

START_TEST(keys_of_a_node_are_not_taken_for_those_of_the_one_that_has_the_id)
{
	begin(3);
	start();
	register_at(0, "X");
	draw(0, "X", "SAE-B1");
	ck_assert(pair_until(bound_at_b, 10000));
	withdraw(0);
	register_at(2, "X");
	ck_assert(pair_until(no_clash, 20000));
	ck_assert(is_at(1, "X", "KME-C"));
	pair_dec(1, "SAE-B1", "X", IDS(e), 1, &d);
	refused(&d, SUPPLY_UNAVAILABLE, "another KM", "");
	withdraw(2);			/* nothing is lost */
	register_at(0, "X");
	ck_assert(pair_until(no_clash, 20000));
	same(1, "SAE-B1", "X");
	pair_close();
}
END_TEST

/* ---- hostile ---- */

static uint64_t
digest(const char *ids, size_t len)
{
	struct applist	l = { .text = NULL };
	uint64_t	v;

	(void)applist_decode(&l, (const uint8_t *)ids, len, 1000);
	v = applist_digest(&l);
	applist_free(&l);
	return v;
}

static void
part(uint64_t generation, uint32_t n, uint32_t last, const char *ids,
    size_t len)
{
	struct msg_apps	m = { .generation = generation, .part = n,
			    .last = last };

	m.ids = (struct msg_view){ (const uint8_t *)ids, len };
	apps_part(apps_of(0, "KME-B"), &m);
	pair_run(100);
}

#define PART(G, N, LAST, T)	part(G, N, LAST, T, sizeof(T) - 1)
#define NEW	"\0\2B1\0\2B2"
#define OLD_STAYS() do { \
	ck_assert(is_at(0, "SAE-B1", "KME-B")); \
	ck_assert(!is_at(0, "B1", "KME-B")); \
} while (0)

START_TEST(a_list_counts_only_when_it_is_whole_and_right)
{
	uint64_t	g = digest(NEW, sizeof(NEW) - 1);

	begin(2);
	start();
	PART(g + 1, 0, 1, NEW);			/* not what it says */
	OLD_STAYS();
	PART(digest("\0\2B2\0\2B1", 8), 0, 1, "\0\2B2\0\2B1");
	OLD_STAYS();
	PART(7, 0, 1, "\0\2B1\0\2B1");
	PART(8, 0, 1, "\0\3B1");
	PART(9, 0, 1, "\0\2\1\2");
	PART(10, 0, 1, "\0\0");
	PART(0, 0, 1, NEW);
	OLD_STAYS();
	PART(g, 1, 1, NEW);			/* without its beginning */
	PART(g, 0, 0, "\0\2B1");
	PART(g, 2, 1, "\0\2B2");		/* a part is missing */
	PART(g, 1, 1, "\0\2B2");
	OLD_STAYS();
	PART(g, 0, 0, "\0\2B1");
	PART(11, 0, 0, "\0\2B1");		/* of another list */
	PART(g, 1, 1, "\0\2B2");
	OLD_STAYS();
	pair.n[0].conf.max_announced = 1;
	PART(g, 0, 1, NEW);			/* too long */
	OLD_STAYS();
	ck_assert_ptr_nonnull(strstr(apps_of(0, "KME-B")->reason,
	    "max_announced"));
	pair.n[0].conf.max_announced = 2;
	apps_of(0, "KME-B")->refused = 0;
	PART(g, 0, 0, "\0\2B1");
	PART(g, 1, 1, "\0\2B2");
	ck_assert(pair_until(all_told, 10000));
	pair_close();
}
END_TEST

START_TEST(a_list_that_the_disk_does_not_take_comes_again)
{
	begin(2);
	start();
	ck_assert_int_eq(db_exec(keystore_writer(env(0)->store)->db,
	    "ALTER TABLE announced RENAME TO elsewhere"), 0);
	register_at(1, "SAE-B3");
	pair_run(1000);
	ck_assert(!is_at(0, "SAE-B3", "KME-B"));
	ck_assert(is_at(0, "SAE-B1", "KME-B"));
	ck_assert_int_eq(db_exec(keystore_writer(env(0)->store)->db,
	    "ALTER TABLE elsewhere RENAME TO announced"), 0);
	ck_assert(pair_until(b3_is_known, 20000));
	pair_close();
}
END_TEST

/* ---- many ---- */

#define MANY	65536

static bool
many_are_known(void)
{
	return is_at(0, "SAE-B1", "KME-B") && is_at(0, "SAE-65535", "KME-B");
}

START_TEST(a_node_may_have_sixty_five_thousand)
{
	struct ksa_application	*v = calloc(MANY, sizeof(*v));

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(v[i].id, sizeof(v[i].id), i == 0 ? "SAE-B1" :
		    "SAE-%05u", i);
		strcpy(v[i].km, "KME-B");
	}
	begin(2);
	start();
	pair.n[1].conf.applications = (struct conf_list){ MANY, v };
	reload(1);
	ck_assert(pair_until(many_are_known, 60000));
	ck_assert(pair_until(all_told, 60000));
	draw(0, "SAE-A1", "SAE-65535");
	same(1, "SAE-65535", "SAE-A1");
	pair_away(1, true);
	restart(0);
	ck_assert(many_are_known());
	pair_close();
	free(v);
}
END_TEST

UNIT_MAIN("apps", applications_registered_at_their_node_only_share_keys,
    a_new_application_is_known_elsewhere_without_their_doing,
    what_was_learned_outlives_a_restart,
    before_a_peer_was_ever_heard_its_applications_may_exist,
    what_two_nodes_announce_is_refused_by_the_third, a_pin_decides,
    a_binding_waits_for_the_list_that_its_sender_had_in_mind,
    keys_of_a_node_are_not_taken_for_those_of_the_one_that_has_the_id,
    a_list_counts_only_when_it_is_whole_and_right,
    a_list_that_the_disk_does_not_take_comes_again,
    a_node_may_have_sixty_five_thousand)
