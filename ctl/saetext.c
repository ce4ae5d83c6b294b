#include "saetext.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base64.h"

/* A page on every machine; one octet of a key takes two at most. */
#define ROOM	4064
#define PIECE	1500		/* octets of key, a multiple of 3 */

struct saetext {
	int	fd;
	bool	failed;		/* errno says why */
	size_t	len;
	char	text[ROOM];
};

static const char *const formats[] = {
	[SAEFORMAT_JSON] = "json", [SAEFORMAT_BASE64] = "base64",
	[SAEFORMAT_HEX] = "hex", [SAEFORMAT_RAW] = "raw",
};

enum saeformat
saetext_format(const char *name)
{
	enum saeformat	f = SAEFORMAT_JSON;

	while (f < SAEFORMAT_NONE && strcmp(formats[f], name) != 0)
		f++;
	return f;
}

struct saetext *
saetext_new(void)
{
	struct saetext	*t;

	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t != MAP_FAILED && mlock(t, sizeof(*t)) == 0 &&
	    madvise(t, sizeof(*t), MADV_DONTDUMP) == 0) {
		/* The command shall not have it; old kernels lack this. */
		(void)madvise(t, sizeof(*t), MADV_WIPEONFORK);
		return t;
	}
	fprintf(stderr, "qkdctl: out of locked memory: is RLIMIT_MEMLOCK "
	    "(ulimit -l) too low?\n");
	if (t != MAP_FAILED)
		munmap(t, sizeof(*t));
	return NULL;
}

void
saetext_free(struct saetext **t)
{
	if (*t == NULL)
		return;
	OPENSSL_cleanse(*t, sizeof(**t));
	munmap(*t, sizeof(**t));
	*t = NULL;
}

static void
flush(struct saetext *t)
{
	const char	*p = t->text;

	while (t->len > 0 && !t->failed) {
		ssize_t	n = write(t->fd, p, t->len);

		if (n < 0 && errno != EINTR)
			t->failed = true;
		if (n > 0) {
			p += n;
			t->len -= (size_t)n;
		}
	}
	t->len = 0;
}

/* Where so many characters go. */
static char *
room(struct saetext *t, size_t n)
{
	char	*at;

	if (t->len + n > ROOM)
		flush(t);
	at = t->text + t->len;
	t->len += n;
	return at;
}

/* Texts of foreign origin may be long. */
static void
put(struct saetext *t, const char *text)
{
	size_t	left = strlen(text), n;

	for (; left > 0; left -= n, text += n) {
		n = left < PIECE ? left : PIECE;
		memcpy(room(t, n), text, n);
	}
}

static void
put_raw(struct saetext *t, const unsigned char *p, size_t n)
{
	memcpy(room(t, n), p, n);
}

static void
put_base64(struct saetext *t, const unsigned char *p, size_t n)
{
	base64_encode(room(t, BASE64_LEN(n)), p, n);
}

static void
put_hex(struct saetext *t, const unsigned char *p, size_t n)
{
	static const char	digits[] = "0123456789abcdef";
	char			*out = room(t, 2 * n);

	for (; n > 0; n--, p++) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 15];
	}
}

/* A key, and what stands around it. */
static void
put_key(struct saetext *t, enum saeformat f, const struct qkdsae_keys *keys,
    size_t i)
{
	static void	(*const puts[])(struct saetext *,
			    const unsigned char *, size_t) = {
		[SAEFORMAT_JSON] = put_base64, [SAEFORMAT_BASE64] = put_base64,
		[SAEFORMAT_HEX] = put_hex, [SAEFORMAT_RAW] = put_raw,
	};
	size_t			 left, n;
	const unsigned char	*p = qkdsae_keys_octets(keys, i, &left);

	for (; left > 0; left -= n, p += n) {
		n = left < PIECE ? left : PIECE;
		puts[f](t, p, n);
	}
	if (f == SAEFORMAT_BASE64 || f == SAEFORMAT_HEX)
		put(t, "\n");
}

/* An element of a key container (ETSI GS QKD 014, 6.3). */
static void
put_element(struct saetext *t, const struct qkdsae_keys *keys, size_t i)
{
	const char	*extension = qkdsae_keys_extension(keys, i);

	put(t, i > 0 ? ",{\"key_ID\":\"" : "{\"key_ID\":\"");
	put(t, qkdsae_keys_id(keys, i));
	put(t, "\",\"key\":\"");
	put_key(t, SAEFORMAT_JSON, keys, i);
	put(t, "\"");
	if (extension != NULL) {
		put(t, ",\"key_extension\":");
		put(t, extension);
	}
	put(t, "}");
}

int
saetext_write(struct saetext *t, int fd, enum saeformat f,
    const struct qkdsae_keys *keys)
{
	size_t	n = qkdsae_keys_number(keys);

	t->fd = fd;
	t->failed = false;
	if (f == SAEFORMAT_JSON)
		put(t, "{\"keys\":[");
	for (size_t i = 0; i < n; i++) {
		if (f == SAEFORMAT_JSON)
			put_element(t, keys, i);
		else
			put_key(t, f, keys, i);
	}
	if (f == SAEFORMAT_JSON)
		put(t, "]}\n");
	flush(t);
	OPENSSL_cleanse(t->text, ROOM);
	return t->failed ? -1 : 0;
}
