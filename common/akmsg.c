/* akmsg.c - Tables 1 to 11 and I.1 of Q.4161. */
#include "akmsg.h"

#include <string.h>

#define AT(FIELD)	offsetof(struct ak_message, FIELD)
#define SOURCE(M)	{ "application_source_ID", AK_APPLICATION, M, \
			    AT(source) }
#define DESTINATION(M)	{ "application_destination_ID", AK_APPLICATION, M, \
			    AT(destination) }
#define NAME		{ "application_name", AK_TEXT, false, AT(name) }
#define NUMBER		{ "number_of_keys", AK_COUNT, false, AT(number) }
#define SIZE		{ "size_of_key", AK_COUNT, false, AT(size) }
#define SESSION		{ "session_ID", AK_UUID, true, AT(session) }
#define KEY_ID		{ "key_ID", AK_UUID, true, AT(key_id) }
#define KEYS		{ "keys", AK_KEYS, true, AT(keys) }
#define RESPONSE	{ "response", AK_RESPONSE, true, AT(response) }
#define EXTENSION(TYPE)	{ "extension", AK_##TYPE, false, 0 }

const struct ak_command akmsg_commands[AKMSG_COMMANDS] = {
	{ AK_KEY_REQUEST, AK_KEY_RESPONSE, "key request", true, {
		SOURCE(false), DESTINATION(true), NAME, NUMBER, SIZE,
		EXTENSION(WISHES) } },
	{ AK_KEY_REQUEST_WITH_ID, AK_KEY_RESPONSE, "key request with ID",
	    true, {
		SOURCE(true), DESTINATION(false), NAME,
		{ "key_IDs", AK_KEY_IDS, true, 0 }, EXTENSION(WISHES) } },
	{ AK_KEY_RESPONSE, 0, "response to key request", false, {
		KEYS, RESPONSE, EXTENSION(IGNORED) } },
	{ AK_SESSION_REQUEST, AK_SESSION_RESPONSE,
	    "session creation request", true, {
		SOURCE(true), DESTINATION(true), NAME, NUMBER,
		EXTENSION(WISHES) } },
	{ AK_SESSION_RESPONSE, 0, "response to session creation request",
	    false, {
		SESSION, RESPONSE,
		{ "source_KM_ID", AK_KM, false, AT(km) },
		EXTENSION(IGNORED) } },
	{ AK_SESSION_NOTIFY, AK_SESSION_NOTIFIED,
	    "session creation notification", false, {
		SOURCE(true), DESTINATION(true), NAME, SESSION, NUMBER,
		EXTENSION(IGNORED) } },
	{ AK_SESSION_NOTIFIED, 0,
	    "response to session creation notification", true, {
		SESSION, RESPONSE, EXTENSION(IGNORED) } },
	{ AK_SESSION_KEY_REQUEST, AK_SESSION_KEY_RESPONSE,
	    "key request with session ID", true, {
		SESSION, NUMBER, SIZE, EXTENSION(WISHES) } },
	{ AK_SESSION_KEY_RESPONSE, 0,
	    "response to key request with session ID", false, {
		SESSION, KEYS, RESPONSE, EXTENSION(IGNORED) } },
	{ AK_SUPPLY, AK_SUPPLIED, "proactive key supply", false, {
		SESSION, KEYS, EXTENSION(IGNORED) } },
	{ AK_SUPPLIED, 0, "response to proactive key supply", true, {
		SESSION, KEY_ID, RESPONSE, EXTENSION(ALL_IDS) } },
};

const struct ak_command *
akmsg_find(unsigned code)
{
	for (size_t i = 0; i < AKMSG_COMMANDS; i++)
		if (akmsg_commands[i].code == code)
			return &akmsg_commands[i];
	return NULL;
}

void
akmsg_clear(struct ak_message *m)
{
	json_decref(m->mandatory);
	json_decref(m->optional);
	memset(m, 0, offsetof(struct ak_message, ids));
	m->mandatory = m->optional = NULL;
	m->keys = NULL;
}
