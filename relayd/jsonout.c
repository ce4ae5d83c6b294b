#include "jsonout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"

/* Where the next `n` octets go, or NULL. */
static char *
room(struct jsonout *j, size_t n)
{
	char	*p = j->p + j->len;

	if (j->len > j->room || n > j->room - j->len) {
		j->len = j->room + 1;
		return NULL;
	}
	j->len += n;
	return p;
}

static void
append(struct jsonout *j, const char *s, size_t n)
{
	char	*p;

	if ((p = room(j, n)) != NULL)
		memcpy(p, s, n);
}

void
jsonout_raw(struct jsonout *j, const char *s)
{
	append(j, s, strlen(s));
}

void
jsonout_text(struct jsonout *j, const char *s)
{
	char	code[8];

	append(j, "\"", 1);
	for (; *s != '\0'; s++) {
		unsigned char	c = (unsigned char)*s;

		if (c < ' ' || c == 0x7f) {
			append(j, code, (size_t)snprintf(code, sizeof(code),
			    "\\u%04x", c));
			continue;
		}
		if (c == '"' || c == '\\')
			append(j, "\\", 1);
		append(j, s, 1);
	}
	append(j, "\"", 1);
}

void
jsonout_u64(struct jsonout *j, uint64_t v)
{
	char	text[24];

	append(j, text, (size_t)snprintf(text, sizeof(text), "\"%" PRIu64
	    "\"", v));
}

void
jsonout_base64(struct jsonout *j, const uint8_t *data, size_t len)
{
	char	*p;

	append(j, "\"", 1);
	if ((p = room(j, BASE64_LEN(len))) != NULL)
		base64_encode(p, data, len);
	append(j, "\"", 1);
}

size_t
jsonout_end(const struct jsonout *j)
{
	return j->len <= j->room ? j->len : 0;
}
