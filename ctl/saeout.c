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

#include "ondisk.h"

/* What is written, wherever to. */
struct writing {
	struct saetext		 *text;
	enum saeformat		  format;
	const struct qkdsae_keys *keys;
};

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "qkdctl: %s: %s\n", what, why);
	return -1;
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

/* A new file of mode 0600 takes the place of the old one, whole or not. */
static int
replace_file(const char *path, const struct writing *w)
{
	char	*tmp;
	int	 fd, r = -1;

	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return complain(path, "out of memory");
	if ((fd = mkostemp(tmp, O_CLOEXEC)) < 0) {
		complain(tmp, strerror(errno));
		goto out;
	}
	if (saetext_write(w->text, fd, w->format, w->keys) == 0 &&
	    fsync(fd) == 0 && rename(tmp, path) == 0 && ondisk_name(path))
		r = 0;
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
to_file(const char *path, const struct writing *w)
{
	sigset_t	all, before;
	int		r;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = replace_file(path, w);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int
set_ids(const struct qkdsae_keys *keys)
{
	size_t	 n = qkdsae_keys_number(keys);
	char	*text = malloc(n * QKDSAE_ID_SIZE + 1), *at = text;
	int	 r;

	if (text == NULL)
		return -1;
	*at = '\0';
	for (size_t i = 0; i < n; i++)
		at = stpcpy(stpcpy(at, i > 0 ? " " : ""),
		    qkdsae_keys_id(keys, i));
	r = setenv("QKDNODE_KEY_IDS", text, 1);
	free(text);
	return r;
}

static int
set_environment(const struct qkdsae_keys *keys, const struct saeout_about *a)
{
	if (set_ids(keys) < 0 || (a != NULL &&
	    (setenv("QKDNODE_SESSION_ID", a->session, 1) < 0 ||
	    (a->source != NULL && setenv("QKDNODE_SOURCE", a->source, 1) <
	    0))))
		return complain("environment", strerror(errno));
	return 0;
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
to_command(char **command, const struct writing *w)
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
	(void)saetext_write(w->text, fd[1], w->format, w->keys);
	close(fd[1]);
	r = await(pid);
	if (r > 0)
		fprintf(stderr, "qkdctl: %s: ended with %d\n", command[0], r);
	return r;
}

int
saeout_write(const struct saeout *o, const struct qkdsae_keys *keys,
    const struct saeout_about *about)
{
	struct writing	w = { saetext_new(), o->format, keys };
	int		r;

	if (w.text == NULL)
		return -1;
	if (o->command != NULL)
		r = set_environment(keys, about) < 0 ? -1 :
		    to_command(o->command, &w);
	else if (strcmp(o->file, "-") != 0)
		r = to_file(o->file, &w);
	else if ((r = saetext_write(w.text, STDOUT_FILENO, w.format,
	    keys)) < 0)
		complain("standard output", strerror(errno));
	saetext_free(&w.text);
	return r;
}
