/* check_kek.c - node keys: what an operator may write, and where it is. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "kek.h"
#include "secret.h"
#include "unit.h"

static const uint8_t	key[SEAL_KEY] = "a node key of 32 octets it is...";

#define TOKEN	"pkcs11:token=node;object=kma?module-path=/m.so"

START_TEST(a_node_key_is_a_path_a_credential_or_a_key_in_a_token)
{
	ck_assert_ptr_null(kek_check("/etc/qkdnode/kma.nodekey"));
	ck_assert_ptr_null(kek_check("credential:node_key"));
	ck_assert_ptr_null(kek_check(TOKEN "&pin-source=/pin"));
	ck_assert_ptr_null(kek_check(TOKEN "&pin-source=file:/pin"));
	ck_assert_ptr_null(kek_check(TOKEN "&pin-source=credential:pin"));
	ck_assert_ptr_nonnull(kek_check(""));
	ck_assert_ptr_nonnull(kek_check("kma.nodekey"));
	ck_assert_ptr_nonnull(kek_check("credential:"));
	ck_assert_ptr_nonnull(kek_check("credential:.."));
	ck_assert_ptr_nonnull(kek_check("credential:../etc/shadow"));
	ck_assert_ptr_nonnull(kek_check(TOKEN));
	ck_assert_ptr_nonnull(kek_check("pkcs11:%zz"));
	ck_assert_ptr_nonnull(kek_check(
	    "pkcs11:object=k?module-path=m.so&pin-source=/pin"));
	ck_assert_ptr_nonnull(kek_check(
	    "pkcs11:token=t?module-path=/m.so&pin-source=/pin"));
}
END_TEST

START_TEST(a_pin_in_the_configuration_is_refused)
{
	ck_assert_ptr_nonnull(strstr(kek_check(TOKEN
	    "&pin-source=/pin&pin-value=1234"), "pin-source"));
}
END_TEST

START_TEST(a_credential_comes_from_the_service_manager)
{
	struct kek	*k;
	char		*said, *dir = strdup(unit_path("."));

	ck_assert_int_eq(secret_init(1 << 16), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	unit_capture();
	ck_assert_ptr_null(kek_new("credential:node_key"));
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	ck_assert_ptr_null(kek_new("credential:node_key"));
	said = unit_captured();
	ck_assert_ptr_nonnull(strstr(said, "LoadCredentialEncrypted="));
	ck_assert_ptr_nonnull(strstr(said, "No such file"));
	free(said);
	unit_write(unit_path("node_key"), key, sizeof(key), 0400);
	ck_assert_ptr_nonnull(k = kek_new("credential:node_key"));
	kek_free(&k);
	unit_write(unit_path("node_key"), key, sizeof(key) - 1, 0400);
	unit_capture();
	ck_assert_ptr_null(kek_new("credential:node_key"));
	said = unit_captured();
	ck_assert_ptr_nonnull(strstr(said, "32 random octets"));
	free(said);
	free(dir);
}
END_TEST

START_TEST(what_is_wrapped_opens_by_its_key_and_for_its_name_only)
{
	struct kek	*a, *b;
	uint8_t		 wrapped[KEK_WRAPPED], out[SEAL_KEY];
	const uint8_t	 other[SEAL_KEY] = "other";

	ck_assert_int_eq(secret_init(1 << 16), 0);
	ck_assert_ptr_nonnull(a = kek_of(key));
	ck_assert_ptr_nonnull(b = kek_of(other));
	ck_assert_int_eq(kek_wrap(a, wrapped, other, "x", 1), 0);
	ck_assert_int_eq(kek_unwrap(a, out, wrapped, "x", 1), 0);
	ck_assert_mem_eq(out, other, SEAL_KEY);
	ck_assert_int_lt(kek_unwrap(a, out, wrapped, "y", 1), 0);
	ck_assert_int_lt(kek_unwrap(b, out, wrapped, "x", 1), 0);
	ck_assert_int_eq(kek_octets(a, out), 0);
	kek_forget(a);
	ck_assert_int_lt(kek_octets(a, out), 0);
	ck_assert_int_eq(kek_unwrap(a, out, wrapped, "x", 1), 0);
	kek_free(&a);
	kek_free(&b);
}
END_TEST

UNIT_MAIN("kek",
    a_node_key_is_a_path_a_credential_or_a_key_in_a_token,
    a_pin_in_the_configuration_is_refused,
    a_credential_comes_from_the_service_manager,
    what_is_wrapped_opens_by_its_key_and_for_its_name_only)
