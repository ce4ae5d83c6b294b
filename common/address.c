#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "err.h"

/* Cuts "host:port" in two; brackets around a v6 host go. */
static int
split(const char *text, char host[256], char port[8])
{
	const char	*colon = strrchr(text, ':');
	size_t		 len;

	if (colon == NULL || colon == text || colon[1] == '\0' ||
	    strlen(colon + 1) >= 8)
		return -E_BAD_FORMAT;
	len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (len < 3 || text[len - 1] != ']')
			return -E_BAD_FORMAT;
		text++;
		len -= 2;
	}
	if (len >= 256)
		return -E_BAD_FORMAT;
	memcpy(host, text, len);
	host[len] = '\0';
	strcpy(port, colon + 1);
	return 0;
}

int
address_find(const char *text, bool listening, struct addrinfo **out)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM };
	char		 host[256], port[8];
	int		 r;

	if ((r = split(text, host, port)) < 0)
		return r;
	hints.ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0);
	return getaddrinfo(host, port, &hints, out) == 0 ? 0 : -E_NOT_FOUND;
}

bool
address_is_number(const char *text)
{
	struct addrinfo	 hints = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo	*ai;
	char		 host[256], port[8];

	if (split(text, host, port) < 0 ||
	    getaddrinfo(host, NULL, &hints, &ai) != 0)
		return false;
	freeaddrinfo(ai);
	return true;
}

void
address_peer(int fd, char out[ADDRESS_TEXT])
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	char			 host[46], port[6];

	strcpy(out, "?");
	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0 ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6) ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(out, ADDRESS_TEXT, ss.ss_family == AF_INET6 ? "[%s]:%s" :
	    "%s:%s", host, port);
}

static uint64_t
number(const uint8_t *p, size_t octets)
{
	uint64_t	n = 0;

	while (octets-- > 0)
		n = n << 8 | *p++;
	return n;
}

uint64_t
address_source(const char *peer)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	char	 host[256], port[8], *zone;
	uint8_t	 a[16] = { 0 };

	if (split(peer, host, port) < 0)
		return 0;
	if ((zone = strchr(host, '%')) != NULL)
		*zone = '\0';
	if (inet_pton(AF_INET, host, a) == 1)
		return (uint64_t)0xffff << 32 | number(a, 4);
	if (inet_pton(AF_INET6, host, a) != 1)
		return 0;
	return memcmp(a, mapped, sizeof(mapped)) == 0 ?
	    (uint64_t)0xffff << 32 | number(a + 12, 4) : number(a, 8);
}
