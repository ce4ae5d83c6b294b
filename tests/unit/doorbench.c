/* doorbench.c - a door to be knocked at. */
#include "doorbench.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "log.h"

#define TIMEOUT	120	/* s; sanitizers on a busy machine are slow */

struct doorbench	bench;
struct ksa_application	doorbench_apps[DOORBENCH_APPS] = {
	{ .id = "SAE-A1", .km = "KME-A" }, { .id = "SAE-A2", .km = "KME-A" },
	{ .id = "SAE-B1", .km = "KME-B" },
	{ .id = "CN=x/y, O=\xc3\xa4", .km = "KME-B" },
};

static X509 *
issue(const char *name)
{
	testpki_issue(&bench.pki, name, name, NULL, 3600);
	return testpki_load(&bench.pki, name);
}

static void
open_once(void)
{
	log_init("doorbench", LL_ERR);
	ck_assert_int_eq(secret_init(8 << 20), 0);
	testpki_open(&bench.pki);
	bench.a1 = issue("SAE-A1");
	bench.a2 = issue("SAE-A2");
	bench.b1 = issue("SAE-B1");
	bench.stranger = issue("SAE-X");
	testpki_issue(&bench.pki, "kme", "kme", "IP:127.0.0.1", 3600);
}

static void
close_once(void)
{
	X509_free(bench.a1);
	X509_free(bench.a2);
	X509_free(bench.b1);
	X509_free(bench.stranger);
	testpki_close(&bench.pki);
}

static void
configure(struct ksa_conf *c)
{
	memset(c, 0, sizeof(*c));
	strcpy(c->kme_id, "KME-A");
	strcpy(c->listen, "127.0.0.1:1");
	strcpy(c->ak_listen, "127.0.0.1:2");
	testpki_path(&bench.pki, "kme.crt", c->certificate);
	testpki_path(&bench.pki, "kme.key", c->private_key);
	strcpy(c->ca, bench.pki.ca);
	c->applications = (struct conf_list){ DOORBENCH_APPS, doorbench_apps };
	c->max_connections = 4;
	c->max_connections_per_application = 3;
	c->max_handshakes = 6;
	c->max_handshakes_per_address = 4;
	c->handshake_threads = 1;
	c->header_max = 2048;
	c->header_count = 16;
	c->body_max = 65536;
	c->header_timeout = c->body_timeout = 1000;
	c->ak_max_requests = 8;
	c->ak_frame_timeout = 1000;
}

static void
setup(void)
{
	configure(&bench.conf);
	fakesupply_reset();
	fakeconn_verdict(INT64_MAX, NULL);
	bench.base = event_base_new();
	ck_assert_int_eq(sae_book_new(&bench.book, &bench.conf), 0);
	ck_assert_int_eq(door_open(&bench.door, bench.base, &bench.conf,
	    bench.book, NULL), 0);
}

static void
teardown(void)
{
	door_free(&bench.door);
	sae_book_free(&bench.book);
	event_base_free(bench.base);
}

struct conn *
doorbench_shake(struct conn *c, X509 *cert)
{
	ck_assert_ptr_nonnull(c);
	fakeconn_shake(c, cert);
	return c;
}

void
doorbench_reload(struct ksa_application *v, size_t n)
{
	struct ksa_conf	fresh = bench.conf;

	fresh.applications = (struct conf_list){ n, v };
	ck_assert_int_eq(door_reload(bench.door, &fresh), 0);
}

json_int_t
doorbench_figure(const char *path)
{
	json_t		*o = json_object(), *v = o;
	char		 copy[128], *save, *name;
	json_int_t	 n;

	ck_assert_uint_lt(strlen(path), sizeof(copy));
	strcpy(copy, path);
	door_report(bench.door, o);
	for (name = strtok_r(copy, "/", &save); name != NULL;
	    name = strtok_r(NULL, "/", &save))
		v = json_object_get(v, name);
	n = json_integer_value(v);
	json_decref(o);
	return n;
}

int
doorbench_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite	*s = suite_create(name);
	TCase	*t = tcase_create(name);
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_unchecked_fixture(t, open_once, close_once);
	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	tcase_set_timeout(t, TIMEOUT);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
