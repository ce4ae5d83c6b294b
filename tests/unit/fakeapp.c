#include "fakeapp.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "testpki.h"

#define TIMEOUT	120	/* s; sanitizers on a busy machine are slow */

static struct testpki	pki;
static char		cert[TESTPKI_PATH], key[TESTPKI_PATH];

struct qkdsae_conf	fakeapp_conf;
struct qkdsae		*fakeapp;
struct fakekm		fakeapp_km;
struct qkdsae_keys	*fakeapp_keys;

void
fakeapp_setup(void)
{
	log_init("unit", LL_ERR);
	testpki_open(&pki);
	testpki_issue(&pki, "kme", "KME-A", "IP:127.0.0.1", 3600);
	testpki_issue(&pki, "sae", "SAE-A", NULL, 3600);
	testpki_path(&pki, "sae.crt", cert);
	testpki_path(&pki, "sae.key", key);
	fakeapp_conf = (struct qkdsae_conf){ .size = sizeof(fakeapp_conf),
	    .door = QKDSAE_Q4161, .certificate = cert, .private_key = key,
	    .ca = pki.ca, .km_id = "KME-A", .wait_ms = 60000 };
}

void
fakeapp_teardown(void)
{
	testpki_close(&pki);
}

SSL_CTX *
fakeapp_context(void)
{
	return testpki_server(&pki, "kme");
}

void
fakeapp_start(fakekm_script *const *scripts, unsigned n)
{
	fakekm_start(&fakeapp_km, fakeapp_context(), scripts, n);
	fakeapp_conf.address = fakeapp_km.address;
	ck_assert_msg(qkdsae_open(&fakeapp, &fakeapp_conf) == 0, "%s",
	    qkdsae_reason());
}

void
fakeapp_stop(void)
{
	qkdsae_keys_free(&fakeapp_keys);
	qkdsae_close(&fakeapp);
	fakekm_stop(&fakeapp_km);
}

int
fakeapp_get(unsigned number)
{
	const struct qkdsae_wanted	w = { .size = sizeof(w),
					    .number = number, .bits = 256 };

	qkdsae_keys_free(&fakeapp_keys);
	return qkdsae_get(fakeapp, FAKEAPP_DESTINATION, &w, &fakeapp_keys);
}

void
fakeapp_have(const struct qkdsae_keys *keys, unsigned seed, unsigned n,
    size_t octets)
{
	const unsigned char	*p;
	size_t			 len;

	ck_assert_ptr_nonnull(keys);
	ck_assert_uint_eq(qkdsae_keys_number(keys), n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_str_eq(qkdsae_keys_id(keys, i),
		    fakekm_id(seed + i));
		p = qkdsae_keys_octets(keys, i, &len);
		ck_assert_uint_eq(len, octets);
		for (size_t k = 0; k < len; k++)
			ck_assert_uint_eq(p[k], (seed + i) % 256);
	}
}

void
fakeapp_failed(int got, int wanted, const char *words)
{
	ck_assert_msg(got == wanted, "%s, not %s: %s",
	    qkdsae_error_name(got), qkdsae_error_name(wanted),
	    qkdsae_reason());
	ck_assert_msg(strstr(qkdsae_reason(), words) != NULL,
	    "no \"%s\": %s", words, qkdsae_reason());
}

int
fakeapp_run(const char *suite, const TTest *const *tests, size_t n,
    const TTest *loop, size_t times)
{
	Suite	*s = suite_create(suite);
	TCase	*t = tcase_create(suite);
	SRunner	*r;
	int	 failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, TIMEOUT);
	tcase_add_checked_fixture(t, fakeapp_setup, fakeapp_teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	if (loop != NULL)
		tcase_add_loop_test(t, loop, 0, (int)times);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
