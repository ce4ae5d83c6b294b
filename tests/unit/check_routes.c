/*
 * check_routes.c - the ways of key relay: calmly chosen, or set by an
 * operator. A real store; the test says what the network announces.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "kma/announce.h"
#include "kma/kma.h"
#include "log.h"

#define KEEP_MS		10000	/* a way is left no sooner, if it works */

static struct event_base	*base;
static struct kma		 kma;
static struct kma_link_conf	 conf[2];
static struct link		 links[2], *links_of_kma[2];
static uint64_t			 now, sequence;

uint64_t	__wrap_mono_ms(void);

uint64_t
__wrap_mono_ms(void)
{
	return now;
}

static void
ignore(void *arg, const char *peer, const uint8_t *p, size_t octets)
{
	(void)arg, (void)peer, (void)p, (void)octets;
}

static const struct announce_ops	ops = { ignore };

/* The other end of the links of a node; level by the sign after it. */
static void
hear(const char *origin, const char *list)
{
	struct linkstate_ad	ad = { .incarnation = 1, .sequence =
				    ++sequence };
	char			text[256], *save, *w;

	strcpy(ad.origin, origin);
	strcpy(text, list);
	for (w = strtok_r(text, " ", &save); w != NULL;
	    w = strtok_r(NULL, " ", &save)) {
		size_t	n = strlen(w) - 1;

		memcpy(ad.links[ad.n].peer, w, n);
		ad.links[ad.n++].level = w[n] == '!' ? LINKSTATE_NONE :
		    w[n] == '?' ? LINKSTATE_SCARCE : LINKSTATE_AMPLE;
	}
	ck_assert_int_eq(linkstate_input(announce_state(kma.announce), &ad,
	    now), LINKSTATE_NEW);
}

static void
mine(bool to_b, bool to_d)
{
	announce_channel(kma.announce, "KME-B", to_b);
	announce_channel(kma.announce, "KME-D", to_d);
	announce_stock(kma.announce, "KME-B", to_b, 10000, 0, now);
	announce_stock(kma.announce, "KME-D", to_d, 10000, 0, now);
	announce_tick(kma.announce, now);
}

/* A: to B and D; both lead to C, D by way of E too. */
static void
network(void)
{
	mine(true, true);
	hear("KME-B", "KME-A+ KME-C+");
	hear("KME-C", "KME-B+ KME-D+ KME-E+");
	hear("KME-D", "KME-A+ KME-C+ KME-E+");
	hear("KME-E", "KME-C+ KME-D+");
}

static void
later(uint64_t ms)
{
	for (uint64_t end = now + ms; now < end;) {
		now += 100;
		announce_tick(kma.announce, now);
		routes_tick(&kma);
	}
}

static void
open_kma(void)
{
	kma.base = base;
	kma.links = links_of_kma;
	kma.nlinks = 2;
	ck_assert_int_eq(linkstore_open(&kma.store, base, unit_path("keys.db"),
	    unit_path("node.key"), ""), 0);
	ck_assert_int_eq(relay_new(&kma), 0);
	ck_assert_int_eq(announce_new(&kma.announce, "KME-A", 1, &ops, NULL),
	    0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(announce_link(kma.announce, conf[i].peer,
		    1000), 0);
	ck_assert_int_eq(routes_new(&kma), 0);
}

static void
close_kma(void)
{
	relay_free(&kma);
	routes_free(&kma);
	announce_free(&kma.announce);
	linkstore_close(&kma.store);
	memset(&kma, 0, sizeof(kma));
}

static void
begin(void)
{
	static const char	key[] = "000102030405060708090a0b0c0d0e0f"
				    "101112131415161718191a1b1c1d1e1f\n";

	now = 1000000;
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	base = event_base_new();
	unit_write(unit_path("node.key"), key, 65, 0600);
	strcpy(kma_conf.kme_id, "KME-A");
	strcpy(conf[0].peer, "KME-B");
	strcpy(conf[1].peer, "KME-D");
	for (int i = 0; i < 2; i++) {
		links[i].conf = &conf[i];
		links_of_kma[i] = &links[i];
	}
	open_kma();
	network();
	later(200);
}

static void
finish(void)
{
	close_kma();
	event_base_free(base);
}

/* Short, without KME-. */
static const char *
way(void)
{
	static char		 text[64];
	const struct route	*r = routes_to(&kma, "KME-C");

	text[0] = '\0';
	for (unsigned i = 0; r != NULL && i < r->n; i++)
		strcat(text, r->km[i] + 4);
	return text;
}

START_TEST(a_way_that_is_as_good_is_not_taken_for_another)
{
	begin();
	ck_assert_str_eq(way(), "ABC");
	hear("KME-B", "KME-A+ KME-C?");
	later(200);
	ck_assert_str_eq(way(), "ADC");		/* much better */
	hear("KME-B", "KME-A+ KME-C+");
	later(2 * KEEP_MS);
	ck_assert_str_eq(way(), "ADC");
	finish();
}
END_TEST

START_TEST(a_way_that_breaks_is_left_at_once_and_else_not_soon)
{
	begin();
	ck_assert_str_eq(way(), "ABC");
	hear("KME-B", "KME-A+ KME-C!");
	later(100);
	ck_assert_str_eq(way(), "ADC");
	hear("KME-D", "KME-A+ KME-E+");
	later(100);
	ck_assert_str_eq(way(), "ADEC");
	hear("KME-B", "KME-A+ KME-C+");
	later(KEEP_MS - 1000);
	ck_assert_str_eq(way(), "ADEC");
	later(2000);
	ck_assert_str_eq(way(), "ABC");
	finish();
}
END_TEST

START_TEST(a_way_that_is_dry_stays_if_there_is_no_other)
{
	begin();
	ck_assert_str_eq(way(), "ABC");
	hear("KME-C", "KME-B!");
	later(2000);
	ck_assert_str_eq(way(), "ABC");		/* key may come */
	hear("KME-B", "KME-A+");
	later(1200);
	ck_assert_str_eq(way(), "");
	ck_assert_int_eq(routes_error(&kma, "KME-C"), -E_NO_ROUTE);
	finish();
}
END_TEST

START_TEST(a_route_that_cannot_be_is_not_set)
{
	begin();
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-C", "KME-B,KME-C"));
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-C", "KME-A,KME-B"));
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-C", "KME-A,KME-E,KME-C"));
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-C",
	    "KME-A,KME-B,KME-A,KME-C"));
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-A", "KME-A"));
	ck_assert_ptr_nonnull(routes_set(&kma, "KME-C", ""));
	ck_assert_ptr_nonnull(routes_clear(&kma, "KME-C"));
	ck_assert_str_eq(way(), "ABC");
	finish();
}
END_TEST

static char	wrong[256];

static void
note_why(void *arg, const struct routes_way *w)
{
	(void)arg;
	if (strcmp(w->km, "KME-C") == 0)
		snprintf(wrong, sizeof(wrong), "%s", w->why);
}

static const char *
why(void)
{
	routes_each(&kma, note_why, NULL);
	return wrong;
}

START_TEST(nothing_but_the_route_that_was_set_is_used)
{
	begin();
	ck_assert_ptr_null(routes_set(&kma, "KME-C",
	    "KME-A,KME-D,KME-E,KME-C"));
	ck_assert_str_eq(way(), "ADEC");
	later(2 * KEEP_MS);
	ck_assert_str_eq(way(), "ADEC");
	ck_assert_str_eq(why(), "");
	hear("KME-E", "KME-C+");
	later(200);
	ck_assert_str_eq(way(), "");
	ck_assert_int_eq(routes_error(&kma, "KME-C"), -E_ROUTE_SET);
	ck_assert_str_eq(why(), "link KME-D to KME-E: KME-E does not announce "
	    "it: it is down there");
	hear("KME-E", "KME-C+ KME-D!");
	later(1200);
	ck_assert_str_eq(way(), "ADEC");	/* who waits may get key */
	ck_assert_str_eq(why(),
	    "link KME-D to KME-E: KME-E says that it has no key");
	hear("KME-E", "KME-C+ KME-D+");
	later(200);
	ck_assert_str_eq(why(), "");
	ck_assert_ptr_null(routes_clear(&kma, "KME-C"));
	ck_assert_str_eq(way(), "ABC");
	finish();
}
END_TEST

START_TEST(a_route_that_was_set_outlives_kma)
{
	begin();
	ck_assert_ptr_null(routes_set(&kma, "KME-C", "KME-A,KME-B,KME-C"));
	ck_assert_ptr_null(routes_set(&kma, "KME-C", "KME-A,KME-D,KME-C"));
	close_kma();
	open_kma();
	ck_assert_str_eq(way(), "");
	network();
	later(200);
	ck_assert_str_eq(way(), "ADC");
	ck_assert_ptr_null(routes_clear(&kma, "KME-C"));
	close_kma();
	open_kma();
	network();
	later(200);
	ck_assert_str_eq(way(), "ABC");
	finish();
}
END_TEST

START_TEST(a_route_that_was_set_is_the_only_one_for_parts)
{
	struct route	r[4];

	begin();
	ck_assert_ptr_null(routes_set(&kma, "KME-C",
	    "KME-A,KME-D,KME-E,KME-C"));
	ck_assert_uint_eq(routes_disjoint(&kma, "KME-C", 3, r), 1);
	ck_assert_str_eq(r[0].km[1], "KME-D");
	ck_assert_ptr_null(routes_clear(&kma, "KME-C"));
	ck_assert_uint_eq(routes_disjoint(&kma, "KME-C", 3, r), 2);
	ck_assert_str_eq(r[0].km[1], "KME-B");
	ck_assert_str_eq(r[1].km[1], "KME-D");
	finish();
}
END_TEST

UNIT_MAIN("routes", a_way_that_is_as_good_is_not_taken_for_another,
    a_way_that_breaks_is_left_at_once_and_else_not_soon,
    a_way_that_is_dry_stays_if_there_is_no_other,
    a_route_that_cannot_be_is_not_set,
    nothing_but_the_route_that_was_set_is_used,
    a_route_that_was_set_outlives_kma,
    a_route_that_was_set_is_the_only_one_for_parts)
