/*
 * akmsg.h - the messages of ITU-T Q.4161 as one table: command code, who sends
 * it, and the members of its payload with type, presence and range. Reading
 * (akread.c) and writing (akwrite.c) follow it. Names are those of
 * doc/profile.md, section 2.
 */
#ifndef QKD_AKMSG_H
#define QKD_AKMSG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ident.h"

#define AK_KEYS_MAX	1024	/* key IDs in one message */
#define AK_TEXT_MAX	1024	/* octets of application_name, response */

enum ak_code {
	AK_KEY_REQUEST = 0x2101,
	AK_KEY_REQUEST_WITH_ID = 0x2102,
	AK_KEY_RESPONSE = 0x1203,
	AK_SESSION_REQUEST = 0x2104,
	AK_SESSION_RESPONSE = 0x1205,
	AK_SESSION_NOTIFY = 0x1206,
	AK_SESSION_NOTIFIED = 0x2107,
	AK_SESSION_KEY_REQUEST = 0x2108,
	AK_SESSION_KEY_RESPONSE = 0x1209,
	AK_SUPPLY = 0x120A,
	AK_SUPPLIED = 0x210B,
};

/* Keys that are written; they lie one after the other. */
struct ak_keys {
	uint32_t	 number, octets;
	const uint32_t	*sizes;		/* NULL: all have `octets` */
	const uint8_t	(*ids)[16];
	const uint8_t	*bytes;
	const char	*extension;	/* of each: ",\"key_extension\":..." */
	size_t		 extension_len;
};

/* Any of them; what a message has not is 0, "" or NULL. */
struct ak_message {
	sae_id		 source, destination;
	char		 name[AK_TEXT_MAX + 1];
	int64_t		 number, size;		/* at least 1; bits */
	uuid_text	 session, key_id;
	char		 response[AK_TEXT_MAX + 1];
	km_id		 km;
	uint32_t	 nids;			/* key_IDs, or of extension */
	uint8_t		 ids[AK_KEYS_MAX][16];
	/* Of extension: arrays of objects; owned. */
	json_t		*mandatory, *optional;
	const struct ak_keys *keys;		/* NULL: none. Only written */
};
/* Becomes empty, without touching more than there was. */
void	akmsg_clear(struct ak_message *);

enum ak_type {
	AK_END,
	AK_APPLICATION,		/* sae_id */
	AK_KM,			/* km_id */
	AK_TEXT,		/* char[AK_TEXT_MAX + 1] */
	AK_COUNT,		/* int64_t */
	AK_UUID,		/* uuid_text; written, "" where there is none */
	AK_RESPONSE,		/* char[AK_TEXT_MAX + 1] */
	AK_KEY_IDS,		/* array of {key_ID, key_ID_extension} */
	AK_KEYS,		/* array of {key, key_ID, key_extension} */
	AK_WISHES,		/* extension, with wishes to be honoured */
	AK_ALL_IDS,		/* extension, perhaps with key_IDs */
	AK_IGNORED,		/* extension */
};

struct ak_member {
	const char	*name;
	enum ak_type	 type;
	bool		 mandatory;
	size_t		 at;		/* in struct ak_message */
};

struct ak_command {
	enum ak_code	 code, answer;	/* 0: it is a response */
	const char	*name;
	bool		 from_application;
	struct ak_member members[8];
};

#define AKMSG_COMMANDS	11
extern const struct ak_command	akmsg_commands[AKMSG_COMMANDS];
/* NULL: not known. */
const struct ak_command *akmsg_find(unsigned code);

#endif
