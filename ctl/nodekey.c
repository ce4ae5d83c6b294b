/* nodekey.c - node keys as files and as credentials. */
#include "config.h"

#include "nodekey.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confread.h"
#include "destroy.h"
#include "ondisk.h"
#include "run.h"

#define CREDENTIAL	"credential:"

static int
failed(const char *what, const char *path)
{
	fprintf(stderr, "qkdctl: %s: %s: %s\n", path, what,
	    errno != 0 ? strerror(errno) : "failed");
	return -1;
}

bool
nodekey_may(const char *etc)
{
	return geteuid() == 0 || access(etc, W_OK) == 0;
}

/* ---- where it is ---- */

/* Where the octets are: a link of the operator's is not the key. */
static void
settle_path(char path[PATH_MAX])
{
	char	real[PATH_MAX];

	if (path[0] == '/' && realpath(path, real) != NULL)
		memcpy(path, real, strlen(real) + 1);
}

static void
find_pin(struct nodekey *k, const char *spec)
{
	P11KitUri	*uri = p11_kit_uri_new();
	const char	*pin;

	if (uri != NULL && p11_kit_uri_parse(spec, P11_KIT_URI_FOR_ANY,
	    uri) == P11_KIT_URI_OK &&
	    (pin = p11_kit_uri_get_pin_source(uri)) != NULL) {
		pin += strncmp(pin, "file:", 5) == 0 ? 5 : 0;
		if (pin[0] == '/')
			snprintf(k->pin, sizeof(k->pin), "%s", pin);
	}
	p11_kit_uri_free(uri);
}

/* What the service manager has at run time: its name in any case. */
static const char *
credential_of(const char *spec)
{
	static const char	run[] = "/run/credentials/";

	if (strncmp(spec, CREDENTIAL, strlen(CREDENTIAL)) == 0)
		return spec + strlen(CREDENTIAL);
	return strncmp(spec, run, strlen(run)) == 0 ?
	    strrchr(spec, '/') + 1 : NULL;
}

static void
find_key(struct nodekey *k, const char *etc, const char *spec)
{
	const char	*name = credential_of(spec);

	if (name != NULL) {
		k->kind = NODEKEY_CREDENTIAL;
		snprintf(k->name, sizeof(k->name), "%s", name);
		snprintf(k->path, sizeof(k->path), "%s/credentials/%s.%s."
		    "cred", etc, k->daemon, k->name);
		if (access(k->path, F_OK) == 0)
			return;
		k->kind = NODEKEY_FILE;		/* LoadCredential= */
		snprintf(k->path, sizeof(k->path), "%s/credentials/%s.%s."
		    "plain", etc, k->daemon, k->name);
	} else if (strncmp(spec, "pkcs11:", 7) == 0) {
		k->kind = NODEKEY_TOKEN;
		find_pin(k, spec);
	} else {
		k->kind = NODEKEY_FILE;
		snprintf(k->path, sizeof(k->path), "%s", spec);
	}
}

static void
find_next(struct nodekey *k, const char *etc, const char *spec)
{
	struct nodekey	next = { .daemon = k->daemon };

	if (spec[0] != '\0')
		find_key(&next, etc, spec);
	memcpy(k->next, next.path, sizeof(k->next));
	memcpy(k->next_pin, next.pin, sizeof(k->next_pin));
	settle_path(k->next);
	settle_path(k->next_pin);
}

int
nodekey_find(struct nodekey *k, const char *etc, const char *daemon)
{
	char		path[PATH_MAX], store[PATH_MAX], why[CONFREAD_WHY];
	config_t	conf;

	memset(k, 0, sizeof(*k));
	k->daemon = daemon;
	snprintf(store, sizeof(store), LOCALSTATEDIR "/lib/qkdnode/%s/keys.db",
	    daemon);
	snprintf(k->store, sizeof(k->store), "%s", store);
	snprintf(k->run_dir, sizeof(k->run_dir), RUNSTATEDIR "/qkdnode");
	snprintf(path, sizeof(path), "%s/%s.conf", etc, daemon);
	if (confread(path, &conf, why) < 0) {
		fprintf(stderr, "qkdctl: %s: %s\n", path, why);
		return -1;
	}
	find_key(k, etc, confread_str(&conf, "node_key", ""));
	find_next(k, etc, confread_str(&conf, "node_key_next", ""));
	snprintf(k->store, sizeof(k->store), "%s", confread_str(&conf,
	    "store", store));
	snprintf(k->run_dir, sizeof(k->run_dir), "%s", confread_str(&conf,
	    "run_dir", RUNSTATEDIR "/qkdnode"));
	snprintf(k->tls_key, sizeof(k->tls_key), "%s", confread_str(&conf,
	    "private_key", ""));
	settle_path(k->path);
	settle_path(k->pin);
	settle_path(k->tls_key);
	config_destroy(&conf);
	return 0;
}

/* ---- octets ---- */

static int
put_key(int fd, const uint8_t key[SEAL_KEY])
{
	return ondisk_write(fd, key, SEAL_KEY) && fsync(fd) == 0 ? 0 : -1;
}

/*
 * For the daemon: in its own directory, which nobody else enters. What root
 * reads again by its name is not there: the daemon could put a link to a key
 * of another in its place.
 */
static int
hand_path(const struct nodekey *k, char path[PATH_MAX], bool daemon)
{
	int	n = snprintf(path, PATH_MAX, daemon ? "%s/ctl-%s/node-key" :
		    "%s/node-key-%s", k->run_dir, k->daemon);

	return n < PATH_MAX ? 0 : -1;
}

static int
hand_to(const struct nodekey *k, const uint8_t key[SEAL_KEY],
    char path[PATH_MAX], bool daemon)
{
	char		dir[PATH_MAX];
	struct stat	st;
	int		fd, r;

	if (hand_path(k, path, daemon) < 0)
		return -1;
	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	unlink(path);
	if (stat(dir, &st) < 0)
		return failed("no run directory; is the daemon started?", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0400);
	if (fd < 0)
		return failed("cannot be made", path);
	r = put_key(fd, key);
	if (r == 0 && daemon && st.st_uid != geteuid())
		r = fchown(fd, st.st_uid, (gid_t)-1);
	close(fd);
	if (r < 0) {
		failed("cannot be written", path);
		unlink(path);
	}
	return r;
}

int
nodekey_hand(const struct nodekey *k, const uint8_t key[SEAL_KEY],
    char path[PATH_MAX])
{
	return hand_to(k, key, path, true);
}

/* systemd-creds, from or to a file in tmpfs; nothing secret in argv. */
static int
creds(const struct nodekey *k, const char *verb, const char *from,
    const char *to)
{
	char	name[KEK_SPEC_MAX + 8], said[2048];
	char	*argv[] = { (char *)"systemd-creds", (char *)verb, name,
		    (char *)from, (char *)to, NULL };

	snprintf(name, sizeof(name), "--name=%s", k->name);
	if (run(argv, said, sizeof(said)) == 0)
		return 0;
	fprintf(stderr, "%sqkdctl: systemd-creds %s %s: failed\n", said, verb,
	    k->path);
	return -1;
}

int
nodekey_read(const struct nodekey *k, uint8_t key[SEAL_KEY])
{
	char	path[PATH_MAX];
	int	r;

	if (k->kind == NODEKEY_FILE)
		return seal_load_key(k->path, key) < 0 ? -1 : 0;
	if (hand_path(k, path, false) < 0)
		return -1;
	unlink(path);
	if ((r = creds(k, "decrypt", k->path, path)) == 0 &&
	    seal_load_key(path, key) < 0)
		r = -1;
	unlink(path);
	return r;
}

/* ---- replaced ---- */

static int
beside(const struct nodekey *k, const char *suffix, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s%s", k->path, suffix) < PATH_MAX ?
	    0 : -1;
}

/* As the one before: whoever reads that reads this. */
static int
like_before(int fd, const char *path)
{
	struct stat	st;

	if (stat(path, &st) < 0 || fchmod(fd, st.st_mode & 07777) < 0)
		return -1;
	return geteuid() != 0 ? 0 : fchown(fd, st.st_uid, st.st_gid);
}

int
nodekey_forget(const struct nodekey *k)
{
	char	path[PATH_MAX];

	return beside(k, ".new", path) < 0 || destroy_file(path) < 0 ?
	    failed("cannot be destroyed", path) : 0;
}

int
nodekey_prepare(const struct nodekey *k, const uint8_t key[SEAL_KEY])
{
	char	to[PATH_MAX], from[PATH_MAX];
	int	fd, r = 0;

	if (beside(k, ".new", to) < 0 || nodekey_forget(k) < 0)
		return -1;
	if (k->kind == NODEKEY_CREDENTIAL) {
		if (hand_to(k, key, from, false) == 0)
			r = creds(k, "encrypt", from, to);
		unlink(from);
	}
	fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r == 0 && fd >= 0 && like_before(fd, k->path) == 0)
		r = k->kind == NODEKEY_CREDENTIAL ? fsync(fd) :
		    put_key(fd, key);
	else
		r = -1;
	if (fd >= 0)
		close(fd);
	return r < 0 ? failed("cannot be made", to) : 0;
}

int
nodekey_place(const struct nodekey *k)
{
	char	now[PATH_MAX];

	if (beside(k, ".new", now) < 0)
		return -1;
	/* The old one is overwritten later, where the new one was. */
	if ((renameat2(AT_FDCWD, now, AT_FDCWD, k->path,
	    RENAME_EXCHANGE) < 0 && rename(now, k->path) < 0) ||
	    !ondisk_name(k->path))
		return failed("cannot be put in place", k->path);
	return 0;
}
