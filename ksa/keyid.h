/*
 * keyid.h - key_IDs: UUID version 7. Octets 0..7: the request's serial (48 bits
 * milliseconds, version, 12 bits counter); octets 8..15: variant, 10 bits
 * place of the key in its request, 52 bits AES-128 of the place under the
 * request's random seed, so that nobody can guess one.
 */
#ifndef KSA_KEYID_H
#define KSA_KEYID_H

#include <stdint.h>

#define KEYID_OCTETS	16
#define KEYID_SEED	16

/* Request serials: 60 bits, milliseconds << 12 | counter; each larger than
 * *last, where it is kept. */
uint64_t keyid_serial(uint64_t *last, uint64_t now_ms);
/* A seed for keyid_make(). -E_RANDOM. */
int	keyid_seed(uint8_t seed[KEYID_SEED]);
/* The IDs of places 0..n-1. -E_RANGE, -E_SYSTEM. */
int	keyid_make(uint8_t (*ids)[KEYID_OCTETS], uint32_t n, uint64_t serial,
	    const uint8_t seed[KEYID_SEED]);
/* Foreign octets. -E_BAD_FORMAT: none that a KSA ever made. */
int	keyid_parse(const uint8_t id[KEYID_OCTETS], uint64_t *serial,
	    uint32_t *place);
/* Whether the ID was made with this seed: 0 or -E_MAC. */
int	keyid_check(const uint8_t id[KEYID_OCTETS],
	    const uint8_t seed[KEYID_SEED]);

#endif
