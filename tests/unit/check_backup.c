/* Backups are read with suspicion, and hold no keys. */
#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ctl/backupset.h"
#include "ctl/digest.h"
#include "ctl/manifest.h"
#include "ctl/member.h"
#include "ctl/restoreread.h"
#include "ctl/storecopy.h"
#include "err.h"
#include "unit.h"

#define HEAD	"{\"format\": 1, \"version\": \"0.1\", \"kme_id\": \"K\"," \
	" \"made\": \"now\", \"members\": ["
#define SUM	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852" \
	"b855"			/* of nothing */
#define ZEROS	"ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892" \
	"ca7"			/* of 4096 of them */
#define ONE(name)	"{\"name\": \"" name "\", \"size\": 0, \"sha256\": \"" \
	SUM "\"}"

START_TEST(only_files_of_a_node_have_names_that_a_backup_may_hold)
{
	static const char *const	good[] = { "manifest.json",
		"etc/kma.conf", "etc/qkdmod-a-b.conf", "etc/pki/ca.crt",
		"etc/pki/KM-ak.key", "etc/ca.crl", "stores/kma.db",
		"stores/ksa.db" };
	static const char *const	bad[] = { "", "kma.conf",
		"/etc/kma.conf", "etc/../etc/kma.conf", "etc/pki/../kma.crt", "etc//kma.conf",
		"etc/.conf", "etc/-x.conf", "etc/a/b.conf", "etc/pki/x.conf",
		"etc/kma.conf/", "etc/shadow", "etc/kma.nodekey",
		"etc/credentials/kma.node_key.cred", "stores/keys.db",
		"etc/a\nb.conf", "etc/sim.seed", "stores/kma.db-wal" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(member_kind(good[i]) >= 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(member_kind(bad[i]) < 0, "%s", bad[i]);
}
END_TEST

static int
parse(const char *text)
{
	struct manifest	m;
	char		why[128];
	int		r = manifest_parse(&m, text, strlen(text), why,
			    sizeof(why));

	if (r == 0)
		manifest_free(&m);
	return r;
}

START_TEST(a_manifest_that_says_too_little_or_too_much_is_refused)
{
	ck_assert_int_eq(parse(HEAD ONE("etc/kma.conf") "]}"), 0);
	ck_assert_int_lt(parse(HEAD "]}"), 0);
	ck_assert_int_lt(parse(HEAD ONE("etc/kma.conf") ","
	    ONE("etc/kma.conf") "]}"), 0);
	ck_assert_int_lt(parse(HEAD ONE("etc/../kma.conf") "]}"), 0);
	ck_assert_int_lt(parse(HEAD ONE("manifest.json") "]}"), 0);
	ck_assert_int_lt(parse("{\"format\": 2}"), 0);
	ck_assert_int_lt(parse("[]"), 0);
	ck_assert_int_lt(parse(HEAD "{\"name\": \"etc/kma.conf\", \"size\": "
	    "-1, \"sha256\": \"" SUM "\"}]}"), 0);
	ck_assert_int_lt(parse(HEAD "{\"name\": \"etc/kma.conf\", \"size\": "
	    "99999999999, \"sha256\": \"" SUM "\"}]}"), 0);
	ck_assert_int_lt(parse(HEAD "{\"name\": \"etc/kma.conf\", \"size\": "
	    "0, \"sha256\": \"00\"}]}"), 0);
}
END_TEST

/* ---- archives ---- */

static struct archive	*out;

static void
put_octets(const char *name, const char *p, size_t len)
{
	struct archive_entry	*e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_size(e, (int64_t)len);
	archive_write_header(out, e);
	archive_write_data(out, p, len);
	archive_entry_free(e);
}

static void
begin(const char *manifest)
{
	out = archive_write_new();
	archive_write_set_format_ustar(out);
	ck_assert_int_eq(archive_write_open_filename(out,
	    unit_path("backup")), ARCHIVE_OK);
	if (manifest != NULL)
	put_octets("manifest.json", manifest, strlen(manifest));
}

/* An empty file, or a link to another place. */
static void
put(const char *name, const char *link)
{
	struct archive_entry	*e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, link == NULL ? AE_IFREG : AE_IFLNK);
	if (link != NULL)
		archive_entry_set_symlink(e, link);
	archive_entry_set_size(e, 0);
	archive_write_header(out, e);
	archive_entry_free(e);
}

static int
read_again(void)
{
	struct backupset	b = { 0 };
	int			r;

	r = restoreread(&b, unit_path("backup"), unit_path("."));
	backupset_free(&b);
	return r;
}

static int
reads(void)
{
	archive_write_close(out);
	archive_write_free(out);
	return read_again();
}

START_TEST(what_a_manifest_does_not_name_once_as_a_file_is_refused)
{
	static const char	one[] = HEAD ONE("etc/kma.conf") "]}";

	begin(one);
	put("etc/kma.conf", NULL);
	ck_assert_int_eq(reads(), 0);
	begin(one);
	ck_assert_int_lt(reads(), 0);
	begin(NULL);
	put("etc/kma.conf", NULL);
	ck_assert_int_lt(reads(), 0);
	begin(one);
	put("etc/kma.conf", "/etc/shadow");
	ck_assert_int_lt(reads(), 0);
	begin(one);
	put("etc/kma.conf", NULL);
	put("etc/kma.conf", NULL);
	ck_assert_int_lt(reads(), 0);
	begin(one);
	put("etc/kma.conf", NULL);
	put("../kma.conf", NULL);
	ck_assert_int_lt(reads(), 0);
}
END_TEST

START_TEST(no_room_for_a_store_is_not_damage_of_its_backup)
{
	static const char	zeros[4096];
	struct rlimit		all, few;
	char			*text;

	begin(HEAD "{\"name\": \"stores/kma.db\", \"size\": 4096, "
	    "\"sha256\": \"" ZEROS "\"}]}");
	put_octets("stores/kma.db", zeros, sizeof(zeros));
	ck_assert_int_eq(reads(), 0);
	unlink(unit_path("kma.db"));
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = (struct rlimit){ 1000, all.rlim_max };
	unit_capture();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	ck_assert_int_lt(read_again(), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "File too large"));
	ck_assert_ptr_null(strstr(text, "damaged"));
	free(text);
}
END_TEST

/* ---- stores ---- */

static void
sql(const char *name, const char *text)
{
	sqlite3	*db;

	ck_assert_int_eq(sqlite3_open(unit_path(name), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int
copied(enum store store)
{
	char	from[512], why[STORECOPY_WHY] = "";
	int	r;

	snprintf(from, sizeof(from), "%s", unit_path("keys.db"));
	r = storecopy(store, from, unit_path("copy.db"), why);
	ck_assert_msg((r < 0) == (why[0] != '\0'), "%d %s", r, why);
	return r;
}

START_TEST(sealed_columns_and_tables_of_keys_stay_out_of_a_copy)
{
	size_t	 len;
	char	*p;

	sql("keys.db", "CREATE TABLE qkd_link (id INTEGER PRIMARY KEY, name"
	    " TEXT, control INTEGER, control_key BLOB);"
	    "CREATE TABLE link_block (key INTEGER, sealed BLOB);"
	    "CREATE VIEW links AS SELECT name FROM qkd_link;"
	    "INSERT INTO qkd_link VALUES (7, 'a-b', 5, 'SEALEDCONTROL');"
	    "INSERT INTO link_block VALUES (1, 'SEALEDBLOCK');"
	    "PRAGMA user_version = 3");
	ck_assert_int_eq(copied(STORE_KMA), 0);
	p = unit_read(unit_path("copy.db"), &len);
	ck_assert_ptr_null(memmem(p, len, "SEALED", 6));
	ck_assert_ptr_nonnull(memmem(p, len, "a-b", 3));
	free(p);
}
END_TEST

START_TEST(a_table_that_nobody_thought_about_is_not_copied)
{
	sql("keys.db", "CREATE TABLE secrets (v BLOB)");
	ck_assert_int_lt(copied(STORE_KSA), 0);
	unlink(unit_path("copy.db"));
	ck_assert_int_lt(copied(STORE_KMA), 0);
}
END_TEST

UNIT_MAIN("backup",
    only_files_of_a_node_have_names_that_a_backup_may_hold,
    a_manifest_that_says_too_little_or_too_much_is_refused,
    what_a_manifest_does_not_name_once_as_a_file_is_refused,
    no_room_for_a_store_is_not_damage_of_its_backup,
    sealed_columns_and_tables_of_keys_stay_out_of_a_copy,
    a_table_that_nobody_thought_about_is_not_copied)
