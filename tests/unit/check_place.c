/* check_place.c - tests ksa/place.c on ksa/claims.c: at which node an
 * application is, by the configuration and by what nodes announce. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/place.h"
#include "ksa/sae.h"
#include "unit.h"

static struct ksa_application	 apps[4];
static struct ksa_peer		 peers[] = { { "KME-B", 1 }, { "KME-C", 1 } };
static struct ksa_conf		 conf;
static struct sae_book		*book;

static void
begin(void)
{
	memset(&conf, 0, sizeof(conf));
	memset(apps, 0, sizeof(apps));
	strcpy(conf.kme_id, "KME-A");
	conf.peers = (struct conf_list){ 2, peers };
	conf.applications = (struct conf_list){ 1, apps };
	strcpy(apps[0].id, "OURS");
	strcpy(apps[0].km, "KME-A");
	ck_assert_int_eq(sae_book_new(&book, &conf), 0);
}

static void
reload(void)
{
	ck_assert_int_eq(sae_book_reload(book, &conf), 0);
}

/* Another one in the configuration. */
static void
pin(const char *id, const char *km)
{
	struct ksa_application	*a = &apps[conf.applications.n++];

	strcpy(a->id, id);
	strcpy(a->km, km);
	reload();
}

/* The IDs in order, with blanks between. */
static void
announce(const char *km, const char *ids)
{
	struct applist	 l = { .text = NULL };
	char		*text = strdup(ids), *save, *w;

	for (w = strtok_r(text, " ", &save); w != NULL;
	    w = strtok_r(NULL, " ", &save))
		ck_assert_int_eq(applist_add(&l, w, strlen(w), 1000), 0);
	ck_assert_int_eq(place_learn(book, place_teller(book, km), &l), 0);
	applist_free(&l);
	free(text);
}

static void
is_at(const char *id, const char *km)
{
	struct place	pl;

	ck_assert_int_eq(place_find(book, id, &pl), 0);
	ck_assert_str_eq(pl.km, km);
	ck_assert(place_is_at(book, id, km));
}

/* Refused, with both named. */
static void
is_twice(const char *id, const char *a, const char *b)
{
	char		text[PLACE_TEXT];
	struct place	pl;

	ck_assert_int_eq(place_find(book, id, &pl), -E_EXISTS);
	place_trouble(-E_EXISTS, id, &pl, text);
	ck_assert_ptr_nonnull(strstr(text, a));
	ck_assert_ptr_nonnull(strstr(text, b));
	ck_assert_ptr_nonnull(strstr(text, id));
}

static int
nowhere(const char *id)
{
	struct place	pl;

	return place_find(book, id, &pl);
}

static unsigned
clashes(void)
{
	return place_clashes(book, NULL, NULL);
}

START_TEST(an_application_is_where_it_was_announced)
{
	begin();
	announce("KME-B", "B1 B2");
	announce("KME-C", "C1");
	is_at("OURS", "KME-A");
	is_at("B1", "KME-B");
	is_at("B2", "KME-B");
	is_at("C1", "KME-C");
	ck_assert_int_eq(nowhere("D1"), -E_NOT_FOUND);
	ck_assert(!place_is_at(book, "C1", "KME-B"));
	announce("KME-B", "B0 B2 B3");
	ck_assert_int_eq(nowhere("B1"), -E_NOT_FOUND);
	is_at("B0", "KME-B");
	is_at("B2", "KME-B");
	is_at("B3", "KME-B");
	announce("KME-B", "");
	ck_assert_int_eq(nowhere("B2"), -E_NOT_FOUND);
	ck_assert_uint_eq(clashes(), 0);
	sae_book_free(&book);
}
END_TEST

START_TEST(an_unknown_one_may_be_at_a_node_that_was_not_heard_yet)
{
	struct place	pl;
	char		text[PLACE_TEXT];

	begin();
	announce("KME-B", "B1");
	ck_assert_int_eq(place_find(book, "X", &pl), -E_DOWN);
	ck_assert_str_eq(pl.km, "KME-C");
	place_trouble(-E_DOWN, "X", &pl, text);
	ck_assert_ptr_nonnull(strstr(text, "KME-C"));
	is_at("B1", "KME-B");
	announce("KME-C", "");
	ck_assert_int_eq(nowhere("X"), -E_NOT_FOUND);
	ck_assert_ptr_null(place_teller(book, "KME-D"));
	sae_book_free(&book);
}
END_TEST

START_TEST(what_two_nodes_announce_is_refused_until_one_withdraws_it)
{
	begin();
	announce("KME-B", "B1 X");
	announce("KME-C", "C1 X");
	is_twice("X", "KME-B", "KME-C");
	is_at("B1", "KME-B");
	is_at("C1", "KME-C");
	ck_assert_uint_eq(clashes(), 1);
	/* Sessions that there are go on. */
	ck_assert(place_is_at(book, "X", "KME-B"));
	ck_assert(place_is_at(book, "X", "KME-C"));
	announce("KME-B", "B1 X Y");
	is_twice("X", "KME-B", "KME-C");
	announce("KME-B", "B1");
	is_at("X", "KME-C");
	ck_assert_uint_eq(clashes(), 0);
	sae_book_free(&book);
}
END_TEST

START_TEST(one_of_ours_that_another_node_announces_is_refused_too)
{
	begin();
	announce("KME-B", "OURS");
	announce("KME-C", "OURS");
	is_twice("OURS", "KME-A", "KME-B");
	ck_assert(place_is_at(book, "OURS", "KME-A"));
	ck_assert(!place_is_at(book, "OURS", "KME-B"));
	announce("KME-B", "");
	is_twice("OURS", "KME-A", "KME-C");
	ck_assert_uint_eq(clashes(), 1);
	conf.applications.n = 0;	/* we withdraw it */
	reload();
	is_at("OURS", "KME-C");
	ck_assert_uint_eq(clashes(), 0);
	conf.applications.n = 1;
	reload();
	is_twice("OURS", "KME-A", "KME-C");
	ck_assert_uint_eq(clashes(), 1);
	sae_book_free(&book);
}
END_TEST

static int
see_pinned(void *arg, const char *id, const char *km, const char *also,
    bool pinned)
{
	ck_assert_str_eq(id, "X");
	ck_assert_str_eq(km, "KME-B");
	ck_assert_str_eq(also, "KME-C");
	ck_assert(pinned);
	++*(unsigned *)arg;
	return 0;
}

START_TEST(the_configuration_decides_whatever_is_announced)
{
	unsigned	n = 0;

	begin();
	announce("KME-B", "X");
	announce("KME-C", "X");
	pin("X", "KME-B");
	is_at("X", "KME-B");
	ck_assert(!place_is_at(book, "X", "KME-C"));
	ck_assert_uint_eq(place_clashes(book, see_pinned, &n), 1);
	ck_assert_uint_eq(n, 1);
	announce("KME-B", "");		/* a pin needs no announcement */
	is_at("X", "KME-B");
	ck_assert_uint_eq(clashes(), 1);
	announce("KME-C", "");
	is_at("X", "KME-B");
	ck_assert_uint_eq(clashes(), 0);
	announce("KME-B", "X");
	announce("KME-C", "X");
	ck_assert_uint_eq(clashes(), 1);
	conf.applications.n = 1;
	reload();
	is_twice("X", "KME-B", "KME-C");
	sae_book_free(&book);
}
END_TEST

START_TEST(an_application_stays_itself_while_others_announce_it)
{
	struct sae	*s;

	begin();
	s = sae_find(book, "OURS");
	s->connections = 1;
	announce("KME-B", "OURS");
	ck_assert_ptr_eq(sae_find(book, "OURS"), s);
	ck_assert(s->registered && s->local);
	reload();
	announce("KME-B", "");
	ck_assert_ptr_eq(sae_find(book, "OURS"), s);
	is_at("OURS", "KME-A");
	sae_book_free(&book);
}
END_TEST

#define MANY	APPLIST_MOST

START_TEST(a_node_may_have_as_many_as_a_configuration)
{
	struct applist	l = { .text = NULL };
	char		id[32];

	begin();
	for (unsigned i = 0; i < MANY; i++) {
		int	n = snprintf(id, sizeof(id), "B-%06u", i);

		ck_assert_int_eq(applist_add(&l, id, (size_t)n, MANY), 0);
	}
	ck_assert_int_eq(applist_add(&l, "C", 1, MANY), -E_TOO_LARGE);
	ck_assert_int_eq(place_learn(book, place_teller(book, "KME-B"), &l),
	    0);
	is_at("B-000000", "KME-B");
	is_at("B-065535", "KME-B");
	ck_assert_int_eq(place_learn(book, place_teller(book, "KME-C"), &l),
	    0);
	ck_assert_uint_eq(clashes(), MANY);
	is_twice("B-065535", "KME-B", "KME-C");
	announce("KME-B", "");
	ck_assert_uint_eq(clashes(), 0);
	is_at("B-065535", "KME-C");
	applist_free(&l);
	sae_book_free(&book);
}
END_TEST

UNIT_MAIN("place", an_application_is_where_it_was_announced,
    an_unknown_one_may_be_at_a_node_that_was_not_heard_yet,
    what_two_nodes_announce_is_refused_until_one_withdraws_it,
    one_of_ours_that_another_node_announces_is_refused_too,
    the_configuration_decides_whatever_is_announced,
    an_application_stays_itself_while_others_announce_it,
    a_node_may_have_as_many_as_a_configuration)
