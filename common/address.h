/* address.h - "host:port" and "[v6]:port". */
#ifndef QKD_ADDRESS_H
#define QKD_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT	64

/*
 * The socket addresses of a text; freeaddrinfo() frees them. A host name is
 * looked up, which may block. -E_BAD_FORMAT, -E_NOT_FOUND. `listening`: for
 * bind().
 */
int	address_find(const char *text, bool listening, struct addrinfo **);
/* Whether no name has to be looked up for it. */
bool	address_is_number(const char *text);
/* Who is at the other end of a socket; "?" if unknown. */
void	address_peer(int fd, char out[ADDRESS_TEXT]);
/*
 * What one sender of connections cannot change at will: the IPv4 address, or
 * the upper half of the IPv6 address, of what address_peer() wrote. 0: none.
 */
uint64_t address_source(const char *peer);

#endif
