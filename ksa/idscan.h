/*
 * idscan.h - Key IDs (014 6.4) in the form that nearly everybody sends,
 * {"key_IDs":[{"key_ID":"..."},...]}, read in one pass: a tree of a hundred
 * IDs costs more than all the rest of the request.
 */
#ifndef KSA_IDSCAN_H
#define KSA_IDSCAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many IDs there are; 0 for everything that is not of this very form, be
 * it good JSON or not, or has more than `room`: parse it properly then. Pure.
 */
uint32_t idscan(const char *, size_t len, uint8_t (*ids)[16],
	    uint32_t room);
/* The place of the first ID that stands there before; n if none does. */
uint32_t idscan_repeated(const uint8_t (*ids)[16], uint32_t n);

#endif
