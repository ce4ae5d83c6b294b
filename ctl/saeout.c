#include "config.h"

#include "saeout.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base64.h"
#include "sae/saemem.h"

static const char *const formats[] = {
	[SAEFORMAT_JSON] = "json", [SAEFORMAT_BASE64] = "base64",
	[SAEFORMAT_HEX] = "hex", [SAEFORMAT_RAW] = "raw",
};

enum saeformat
saeout_format(const char *name)
{
	enum saeformat	f = SAEFORMAT_JSON;

	while (f < SAEFORMAT_NONE && strcmp(formats[f], name) != 0)
		f++;
	return f;
}

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "qkdctl: %s: %s\n", what, why);
	return -1;
}

static char *
put(char *out, const char *text)
{
	return stpcpy(out, text);
}

static char *
put_hex(char *out, const uint8_t *p, size_t n)
{
	static const char	digits[] = "0123456789abcdef";

	for (; n > 0; n--, p++) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 15];
	}
	return out;
}

static char *
put_json(char *out, const struct saekey *k, bool last)
{
	out = put(put(out, "{\"key_ID\":\""), k->id);
	out = put(out, "\",\"key\":\"");
	out += base64_encode(out, k->bytes, k->octets);
	out = put(out, "\"");
	if (k->extension != NULL)
		out = put(put(out, ",\"key_extension\":"), k->extension);
	return put(out, last ? "}]}\n" : "},");
}

static char *
put_key(char *out, enum saeformat f, const struct saekey *k, bool last)
{
	switch (f) {
	case SAEFORMAT_JSON:
		return put_json(out, k, last);
	case SAEFORMAT_BASE64:
		out += base64_encode(out, k->bytes, k->octets);
		return put(out, "\n");
	case SAEFORMAT_HEX:
		return put(put_hex(out, k->bytes, k->octets), "\n");
	default:
		memcpy(out, k->bytes, k->octets);
		return out + k->octets;
	}
}

/* All keys as text in locked memory; its length. */
static char *
render(const struct saekeys *keys, enum saeformat f, size_t *len)
{
	size_t	 room = 64;
	char	*text, *at;

	for (size_t i = 0; i < keys->n; i++)
		room += 2 * keys->key[i].octets + 128 +
		    (keys->key[i].extension != NULL ?
		    strlen(keys->key[i].extension) : 0);
	if ((text = saemem_new(room)) == NULL) {
		complain("keys", "out of locked memory: is RLIMIT_MEMLOCK "
		    "(ulimit -l) too low?");
		return NULL;
	}
	at = f == SAEFORMAT_JSON ? put(text, "{\"keys\":[") : text;
	for (size_t i = 0; i < keys->n; i++)
		at = put_key(at, f, &keys->key[i], i + 1 == keys->n);
	*len = (size_t)(at - text);
	return text;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t	k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Renaming onto a device or a link would surprise its owner. */
static int
check_file(const char *path)
{
	struct stat	 st;
	char		*copy, *dir;
	int		 r = 0;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return complain(path, "there is something that is not a "
		    "regular file");
	if ((copy = strdup(path)) == NULL)
		return complain(path, strerror(errno));
	dir = dirname(copy);
	if (access(dir, W_OK | X_OK) < 0)
		r = complain(dir, strerror(errno));
	free(copy);
	return r;
}

int
saeout_check(const struct saeout *o)
{
	if (o->file == NULL && o->command == NULL)
		return complain("where shall the keys go",
		    "--out FILE, or -- COMMAND");
	if (o->file != NULL && o->command != NULL)
		return complain("keys go to one place",
		    "--out FILE, or -- COMMAND");
	if (o->file == NULL || strcmp(o->file, "-") == 0)
		return 0;
	return check_file(o->file);
}

static int
sync_directory(const char *path)
{
	char	*copy = strdup(path);
	int	 fd, r = -1;

	if (copy != NULL && (fd = open(dirname(copy),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		r = fsync(fd);
		close(fd);
	}
	free(copy);
	return r;
}

/* A new file of mode 0600 takes the place of the old one, whole or not. */
static int
replace_file(const char *path, const char *text, size_t len)
{
	char	*tmp;
	int	 fd, r = -1;

	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return complain(path, "out of memory");
	if ((fd = mkostemp(tmp, O_CLOEXEC)) < 0) {
		complain(tmp, strerror(errno));
		goto out;
	}
	if (write_all(fd, text, len) == 0 && fsync(fd) == 0 &&
	    rename(tmp, path) == 0)
		r = sync_directory(path);
	if (r < 0) {
		complain(path, strerror(errno));
		unlink(tmp);
	}
	close(fd);
out:
	free(tmp);
	return r;
}

/* No half-written file with keys is left by a ^C. */
static int
to_file(const char *path, const char *text, size_t len)
{
	sigset_t	all, before;
	int		r;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = replace_file(path, text, len);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int
set_ids(const struct saekeys *keys)
{
	char	*text = malloc(keys->n * (UUID_TEXT + 1) + 1), *at = text;
	int	 r;

	if (text == NULL)
		return -1;
	*at = '\0';
	for (size_t i = 0; i < keys->n; i++)
		at = put(put(at, i > 0 ? " " : ""), keys->key[i].id);
	r = setenv("QKDNODE_KEY_IDS", text, 1);
	free(text);
	return r;
}

/* In the child. 126 and 127 are what a shell would say. */
static void
become(char **command, int in)
{
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execvp(command[0], command);
	complain(command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
await(pid_t pid)
{
	int	status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain("waitpid", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

static int
to_command(char **command, const char *text, size_t len)
{
	int	fd[2], r;
	pid_t	pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return complain("pipe", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	if ((pid = fork()) == 0)
		become(command, fd[0]);
	close(fd[0]);
	if (pid < 0) {
		close(fd[1]);
		return complain("fork", strerror(errno));
	}
	/* A command may end well without having read it all. */
	(void)write_all(fd[1], text, len);
	close(fd[1]);
	r = await(pid);
	if (r > 0)
		fprintf(stderr, "qkdctl: %s: ended with %d\n", command[0], r);
	return r;
}

int
saeout_write(const struct saeout *o, const struct saekeys *keys)
{
	size_t	 len;
	char	*text = render(keys, o->format, &len);
	int	 r;

	if (text == NULL)
		return -1;
	if (o->command != NULL)
		r = set_ids(keys) < 0 ? complain("environment",
		    strerror(errno)) : to_command(o->command, text, len);
	else if (strcmp(o->file, "-") != 0)
		r = to_file(o->file, text, len);
	else if ((r = write_all(STDOUT_FILENO, text, len)) < 0)
		complain("standard output", strerror(errno));
	saemem_free(text);
	return r;
}
