/* check_akmsg.c - the messages of Q.4161 against vectors made by hand. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "frame.h"
#include "akread.h"
#include "akwrite.h"
#include "unit.h"

#define KEY1	"0192f0c1-7a00-7000-8000-000000000001"
#define KEY2	"0192f0c1-7a00-7000-8040-000000000002"
#define SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"

static struct ak_message message;
static char		 why[AKREAD_WHY];
static uint8_t		 octets[64], ids[2][16];
static const struct ak_keys two = { .number = 2, .octets = 32,
	.ids = (const uint8_t (*)[16])ids, .bytes = octets };

static json_t *
json(const char *text)
{
	json_t	*v = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(v);
	return v;
}

/* What tests/data/ak/README.md says of each. */
static void
parse_ids(void)
{
	ck_assert_int_eq(uuid_parse(KEY1, UUID_TEXT, ids[0]), 0);
	ck_assert_int_eq(uuid_parse(KEY2, UUID_TEXT, ids[1]), 0);
}

static void
fill(struct ak_message *m, enum ak_code code)
{
	bool	keys = code == AK_KEY_RESPONSE || code == AK_SUPPLY ||
		    code == AK_SESSION_KEY_RESPONSE;

	akmsg_clear(m);
	for (unsigned i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	parse_ids();
	strcpy(m->source, "SAE-A1");
	strcpy(m->destination, "SAE-B1");
	strcpy(m->name, "vpn");
	strcpy(m->session, SESSION);
	strcpy(m->key_id, KEY1);
	strcpy(m->response, "success");
	strcpy(m->km, "KME-A");
	m->number = code == AK_SESSION_REQUEST || code == AK_SESSION_NOTIFY ?
	    100 : 2;
	m->size = 256;
	memcpy(m->ids, ids, sizeof(ids));
	m->nids = 2;
	m->keys = keys ? &two : NULL;
	if (code != AK_KEY_REQUEST)
		return;
	m->mandatory = json("[{\"qkdnode_route_type\":\"direct\"}]");
	m->optional = json("[{\"qkdnode_max_age\":30000}]");
}

/* The same messages with other members. */
static const struct variant {
	enum ak_code	 code;
	const char	*name;
	const char	*response;
	bool		 no_session, second;
} variants[] = {
	{ AK_SESSION_REQUEST, "unlimited", "", false, false },
	{ AK_SESSION_RESPONSE, "refused", "unavailable", true, false },
	{ AK_SESSION_NOTIFY, "unlimited", "", false, false },
	{ AK_SESSION_KEY_RESPONSE, "refused", "timeout", false, false },
	{ AK_SUPPLIED, "one", "success", false, true },
};
#define VARIANTS	(sizeof(variants) / sizeof(variants[0]))

static void
fill_variant(struct ak_message *m, const struct variant *v)
{
	fill(m, v->code);
	m->number = 0;
	m->name[0] = m->km[0] = '\0';
	strcpy(m->response, v->response);
	if (v->no_session)
		m->session[0] = '\0';
	if (v->second)
		strcpy(m->key_id, KEY2);
	m->nids = 0;
	m->keys = NULL;
}

/* v: or NULL. */
static char *
load(enum ak_code code, const struct variant *v, const char *suffix,
    size_t *len)
{
	char	path[1024];

	snprintf(path, sizeof(path), AK_DATA "/%04x%s%s.%s", (unsigned)code,
	    v != NULL ? "-" : "", v != NULL ? v->name : "", suffix);
	return unit_read(path, len);
}

/* The frame of the file. */
static size_t
read_vector(enum ak_code code, const struct variant *v, uint8_t *out)
{
	size_t	 len, n = 0;
	char	*text = load(code, v, "hex", &len), *p;

	for (p = text; *p != '\0'; p++) {
		if (isspace((unsigned char)*p))
			continue;
		ck_assert_int_eq(sscanf(p, "%2hhx", &out[n]), 1);
		n++;
		p++;
	}
	free(text);
	return n;
}

static size_t
golden(enum ak_code code, uint8_t *out)
{
	return read_vector(code, NULL, out);
}

static size_t
write_frame(const struct ak_command *c, uint32_t id, uint8_t out[65546])
{
	struct jsonout	o = { (char *)out + FRAME_HEADER, 65535, 0 };

	akwrite(&o, c, &message);
	ck_assert_uint_gt(jsonout_end(&o), 0);
	frame_header(out, id, c->code, (uint16_t)o.len);
	return FRAME_HEADER + o.len;
}

START_TEST(every_message_is_written_as_the_vectors_have_it)
{
	static uint8_t	wanted[65546], got[65546];
	struct frame	f;
	size_t		n;

	for (size_t i = 0; i < AKMSG_COMMANDS; i++) {
		const struct ak_command	*c = &akmsg_commands[i];

		n = golden(c->code, wanted);
		ck_assert_uint_eq(frame_parse(&f, wanted, n), n);
		ck_assert_uint_eq(f.version, FRAME_VERSION);
		ck_assert_uint_eq(f.command, c->code);
		fill(&message, c->code);
		if (c->code == AK_KEY_REQUEST_WITH_ID)
			message.mandatory = message.optional = NULL;
		ck_assert_uint_eq(write_frame(c, f.message_id, got), n);
		ck_assert_mem_eq(got, wanted, n);
	}
}
END_TEST

static void
forms_agree(enum ak_code code, const struct variant *v)
{
	static uint8_t	 frame[65546];
	size_t		 len, n = read_vector(code, v, frame);
	char		*text = load(code, v, "json", &len);

	ck_assert_uint_eq(n, FRAME_HEADER + len - 1);
	ck_assert_mem_eq(frame + FRAME_HEADER, text, len - 1);
	free(text);
}

START_TEST(the_two_forms_of_a_vector_agree)
{
	for (size_t i = 0; i < AKMSG_COMMANDS; i++)
		forms_agree(akmsg_commands[i].code, NULL);
	for (size_t i = 0; i < VARIANTS; i++)
		forms_agree(variants[i].code, &variants[i]);
}
END_TEST

static const struct ak_command *
command(enum ak_code code)
{
	const struct ak_command	*c = akmsg_find(code);

	ck_assert_ptr_nonnull(c);
	return c;
}

static int
read_text(enum ak_code code, const char *text)
{
	akmsg_clear(&message);
	return akread(&message, command(code), (const uint8_t *)text,
	    strlen(text), why);
}

static void
read_golden(enum ak_code code)
{
	static uint8_t	frame[65546];
	struct frame	f;
	size_t		n = golden(code, frame);

	parse_ids();
	akmsg_clear(&message);
	ck_assert_uint_eq(frame_parse(&f, frame, n), n);
	ck_assert_msg(akread(&message, command(code), f.payload, f.length,
	    why) == 0, "%04x: %s", (unsigned)code, why);
}

START_TEST(what_applications_send_is_read_as_the_vectors_have_it)
{
	fill(&message, AK_SUPPLIED);
	read_golden(AK_KEY_REQUEST);
	ck_assert_str_eq(message.source, "SAE-A1");
	ck_assert_str_eq(message.destination, "SAE-B1");
	ck_assert_str_eq(message.name, "vpn");
	ck_assert_int_eq(message.number, 2);
	ck_assert_int_eq(message.size, 256);
	ck_assert_uint_eq(json_array_size(message.mandatory), 1);
	ck_assert_uint_eq(json_array_size(message.optional), 1);
	read_golden(AK_KEY_REQUEST_WITH_ID);
	ck_assert_uint_eq(message.nids, 2);
	ck_assert_mem_eq(message.ids, ids, sizeof(ids));
	ck_assert_ptr_null(message.mandatory);
	read_golden(AK_SESSION_REQUEST);
	ck_assert_int_eq(message.number, 100);
	read_golden(AK_SESSION_NOTIFIED);
	ck_assert_str_eq(message.session, SESSION);
	ck_assert_str_eq(message.response, "success");
	read_golden(AK_SESSION_KEY_REQUEST);
	ck_assert_str_eq(message.session, SESSION);
	ck_assert_int_eq(message.size, 256);
	read_golden(AK_SUPPLIED);
	ck_assert_str_eq(message.key_id, KEY1);
	ck_assert_uint_eq(message.nids, 2);
}
END_TEST

START_TEST(what_is_read_and_written_again_is_the_same)
{
	static uint8_t	wanted[65546], got[65546];
	struct frame	f;

	for (size_t i = 0; i < AKMSG_COMMANDS; i++) {
		const struct ak_command	*c = &akmsg_commands[i];
		size_t	n = golden(c->code, wanted);

		if (!c->from_application)
			continue;
		frame_parse(&f, wanted, n);
		read_golden(c->code);
		ck_assert_uint_eq(write_frame(c, f.message_id, got), n);
		ck_assert_mem_eq(got, wanted, n);
	}
}
END_TEST

START_TEST(with_other_members_they_are_as_the_vectors_have_them)
{
	static uint8_t	wanted[65546], got[65546];
	struct frame	f;

	for (size_t i = 0; i < VARIANTS; i++) {
		const struct variant	*v = &variants[i];
		const struct ak_command	*c = command(v->code);
		size_t	n = read_vector(v->code, v, wanted);

		ck_assert_uint_eq(frame_parse(&f, wanted, n), n);
		ck_assert_uint_eq(f.command, v->code);
		fill_variant(&message, v);
		ck_assert_uint_eq(write_frame(c, f.message_id, got), n);
		ck_assert_mem_eq(got, wanted, n);
		if (!c->from_application)
			continue;
		akmsg_clear(&message);
		ck_assert_int_eq(akread(&message, c, f.payload, f.length,
		    why), 0);
		ck_assert_int_eq(message.number, 0);
		ck_assert_uint_eq(message.nids, 0);
		ck_assert_uint_eq(write_frame(c, f.message_id, got), n);
		ck_assert_mem_eq(got, wanted, n);
	}
}
END_TEST

/* Without its optional members each message is a message too. */
static const struct { enum ak_code code; const char *text; } minimal[] = {
	{ AK_KEY_REQUEST, "{\"application_destination_ID\":\"B\"}" },
	{ AK_KEY_REQUEST_WITH_ID, "{\"application_source_ID\":\"A\","
	    "\"key_IDs\":[{\"key_ID\":\"" KEY1 "\"}]}" },
	{ AK_SESSION_REQUEST, "{\"application_source_ID\":\"A\","
	    "\"application_destination_ID\":\"B\"}" },
	{ AK_SESSION_NOTIFIED, "{\"session_ID\":\"" SESSION "\","
	    "\"response\":\"rejected: not now\"}" },
	{ AK_SESSION_KEY_REQUEST, "{\"session_ID\":\"" SESSION "\"}" },
	{ AK_SUPPLIED, "{\"session_ID\":\"" SESSION "\",\"key_ID\":\"" KEY1
	    "\",\"response\":\"success\"}" },
};
#define MINIMAL	(sizeof(minimal) / sizeof(minimal[0]))

START_TEST(optional_members_may_be_left_out)
{
	for (size_t i = 0; i < MINIMAL; i++)
		ck_assert_msg(read_text(minimal[i].code, minimal[i].text) == 0,
		    "%s: %s", minimal[i].text, why);
	ck_assert_int_eq(read_text(AK_KEY_REQUEST, minimal[0].text), 0);
	ck_assert_int_eq(message.number, 0);
	ck_assert_int_eq(message.size, 0);
	ck_assert_str_eq(message.source, "");
}
END_TEST

START_TEST(mandatory_members_may_not)
{
	for (size_t i = 0; i < MINIMAL; i++) {
		const struct ak_command	*c = command(minimal[i].code);
		json_t			*o = json(minimal[i].text);

		for (const struct ak_member *f = c->members; f->mandatory ||
		    f->type != AK_END; f++) {
			json_t	*less = json_copy(o);
			char	*text;

			json_object_del(less, f->name);
			text = json_dumps(less, 0);
			ck_assert_int_eq(read_text(c->code, text),
			    f->mandatory ? -E_BAD_FORMAT : 0);
			if (f->mandatory)
				ck_assert_ptr_nonnull(strstr(why, f->name));
			free(text);
			json_decref(less);
		}
		json_decref(o);
	}
}
END_TEST

/* Another value in its place, by the type of the member. */
static const struct { enum ak_type type; const char *text; } wrong[] = {
	{ AK_APPLICATION, "\"\"" }, { AK_APPLICATION, "1" },
	{ AK_APPLICATION, "null" }, { AK_APPLICATION, "\"a\\u0007\"" },
	{ AK_TEXT, "1" }, { AK_TEXT, "null" }, { AK_TEXT, "[]" },
	{ AK_COUNT, "0" }, { AK_COUNT, "-1" }, { AK_COUNT, "1.0" },
	{ AK_COUNT, "\"1\"" }, { AK_COUNT, "true" }, { AK_COUNT, "null" },
	{ AK_COUNT, "9223372036854775808" },
	{ AK_UUID, "\"\"" }, { AK_UUID, "\"x\"" }, { AK_UUID, "1" },
	{ AK_UUID, "\"" SESSION "0\"" }, { AK_UUID, "null" },
	{ AK_RESPONSE, "\"\"" }, { AK_RESPONSE, "\"No\"" },
	{ AK_RESPONSE, "\"success:x\"" }, { AK_RESPONSE, "0" },
	{ AK_KEY_IDS, "[]" }, { AK_KEY_IDS, "{}" }, { AK_KEY_IDS, "null" },
	{ AK_KEY_IDS, "[\"" KEY1 "\"]" }, { AK_KEY_IDS, "[{}]" },
	{ AK_KEY_IDS, "[{\"key_ID\":\"x\"}]" },
	{ AK_KEY_IDS, "[{\"key_ID\":\"" KEY1 "\",\"key_ID_extension\":1}]" },
	{ AK_WISHES, "{}" }, { AK_WISHES, "null" }, { AK_WISHES, "[1]" },
	{ AK_WISHES, "[{\"extension_mandatory\":{}}]" },
	{ AK_WISHES, "[{\"extension_mandatory\":[1]}]" },
	{ AK_WISHES, "[{\"extension_optional\":\"x\"}]" },
	{ AK_ALL_IDS, "{}" }, { AK_ALL_IDS, "[null]" },
	{ AK_ALL_IDS, "[{\"key_IDs\":{}}]" },
	{ AK_ALL_IDS, "[{\"key_IDs\":[\"x\"]}]" },
	{ AK_ALL_IDS, "[{\"key_IDs\":[{\"key_ID\":\"x\"}]}]" },
	{ AK_ALL_IDS, "[{\"key_IDs\":[{}]}]" },
	{ AK_ALL_IDS, "[{\"key_IDs\":[{\"key_ID\":\"" KEY1 "\","
	    "\"key_ID_extension\":1}]}]" },
	{ AK_IGNORED, "{}" }, { AK_IGNORED, "[[]]" },
};

static void
refused(enum ak_code code, const char *object, const char *member,
    const char *value)
{
	json_t	*o = json(object), *v = json_loads(value, JSON_DECODE_ANY,
		    NULL);
	char	*text;

	if (v == NULL) {		/* not even JSON for jansson */
		json_decref(o);
		return;
	}
	json_object_set_new(o, member, v);
	text = json_dumps(o, 0);
	ck_assert_msg(read_text(code, text) == -E_BAD_FORMAT, "%s", text);
	ck_assert_msg(why[0] != '\0', "%s", text);
	free(text);
	json_decref(o);
}

START_TEST(a_member_of_the_wrong_type_or_out_of_range_is_refused)
{
	for (size_t i = 0; i < MINIMAL; i++) {
		const struct ak_command	*c = command(minimal[i].code);

		for (size_t k = 0; c->members[k].type != AK_END; k++)
			for (size_t w = 0; w < sizeof(wrong) /
			    sizeof(wrong[0]); w++)
				if (wrong[w].type == c->members[k].type)
					refused(c->code, minimal[i].text,
					    c->members[k].name,
					    wrong[w].text);
	}
}
END_TEST

START_TEST(what_is_no_json_object_is_refused)
{
	static const char *const	bad[] = {
		"", " ", "[]", "1", "\"x\"", "null", "{", "{}x", "{}{}",
		"{\"application_destination_ID\":\"B\"",
		"{\"application_destination_ID\":\"B\","
		"\"application_destination_ID\":\"B\"}",
		"{\"application_destination_ID\":\"B\",\"x\":{\"y\":1,"
		"\"y\":1}}",
		"{\"application_destination_ID\":\"\xff\"}",
		"{\"application_destination_ID\":\"B\\u0000\"}",
		"{\"application_destination_ID\":\"B\",\"number_of_keys\":"
		"99999999999999999999}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(read_text(AK_KEY_REQUEST, bad[i]) ==
		    -E_BAD_FORMAT, "%s", bad[i]);
		ck_assert_msg(why[0] != '\0', "%s", bad[i]);
	}
}
END_TEST

static int
nested(unsigned depth)
{
	char	text[512] = "{\"application_destination_ID\":\"B\",\"x\":";

	for (unsigned i = 1; i < depth; i++)
		strcat(text, "[");
	for (unsigned i = 1; i < depth; i++)
		strcat(text, "]");
	strcat(text, "}");
	return read_text(AK_KEY_REQUEST, text);
}

START_TEST(sixteen_levels_are_read_and_seventeen_refused)
{
	ck_assert_int_eq(nested(16), 0);
	ck_assert_int_eq(nested(17), -E_BAD_FORMAT);
}
END_TEST

START_TEST(unknown_members_are_ignored_and_upper_case_ids_read)
{
	ck_assert_int_eq(read_text(AK_SESSION_KEY_REQUEST, "{\"session_ID\":"
	    "\"5F7C2C1E-93D4-4B0A-8E55-0123456789AB\",\"key\":[null]}"), 0);
	ck_assert_str_eq(message.session, SESSION);
}
END_TEST

START_TEST(a_session_is_known_even_of_a_bad_request)
{
	ck_assert_int_eq(read_text(AK_SESSION_KEY_REQUEST, "{"
	    "\"number_of_keys\":0,\"session_ID\":\"" SESSION "\","
	    "\"size_of_key\":\"x\"}"), -E_BAD_FORMAT);
	ck_assert_str_eq(message.session, SESSION);
	ck_assert_str_eq(why, "number_of_keys shall be an integer of at least "
	    "1");
}
END_TEST

START_TEST(wishes_of_several_extensions_are_put_together)
{
	ck_assert_int_eq(read_text(AK_KEY_REQUEST, "{"
	    "\"application_destination_ID\":\"B\",\"extension\":["
	    "{\"extension_mandatory\":[{\"a\":1},{\"b\":2}]},{\"x\":1},{},"
	    "{\"extension_mandatory\":[{\"c\":3}],"
	    "\"extension_optional\":[]}]}"), 0);
	ck_assert_uint_eq(json_array_size(message.mandatory), 3);
	ck_assert_uint_eq(json_array_size(message.optional), 0);
}
END_TEST

START_TEST(a_confirmation_may_name_one_key_or_all_in_either_form)
{
	const char	*head = "{\"session_ID\":\"" SESSION "\",\"key_ID\":\""
			    KEY1 "\",\"response\":\"success\"";
	char		 text[1024];

	fill(&message, AK_SUPPLIED);
	snprintf(text, sizeof(text), "%s,\"extension\":[{\"x\":1}]}", head);
	ck_assert_int_eq(read_text(AK_SUPPLIED, text), 0);
	ck_assert_uint_eq(message.nids, 0);
	snprintf(text, sizeof(text), "%s,\"extension\":[{\"key_IDs\":["
	    "{\"key_ID\":\"" KEY1 "\"},\"" KEY2 "\"]}]}", head);
	ck_assert_int_eq(read_text(AK_SUPPLIED, text), 0);
	ck_assert_uint_eq(message.nids, 2);
	ck_assert_mem_eq(message.ids, ids, sizeof(ids));
}
END_TEST

START_TEST(more_key_ids_than_there_is_room_for_are_refused)
{
	static char	text[AK_KEYS_MAX * 52 + 200];
	size_t		n;

	n = (size_t)sprintf(text, "{\"application_source_ID\":\"A\","
	    "\"key_IDs\":[");
	for (unsigned i = 0; i < AK_KEYS_MAX; i++)
		n += (size_t)sprintf(text + n, "%s{\"key_ID\":\"" KEY1 "\"}",
		    i > 0 ? "," : "");
	strcpy(text + n, "]}");
	ck_assert_int_eq(read_text(AK_KEY_REQUEST_WITH_ID, text), 0);
	ck_assert_uint_eq(message.nids, AK_KEYS_MAX);
	strcpy(text + n, ",{\"key_ID\":\"" KEY1 "\"}]}");
	ck_assert_int_eq(read_text(AK_KEY_REQUEST_WITH_ID, text),
	    -E_BAD_FORMAT);
}
END_TEST

START_TEST(a_refusal_has_all_mandatory_members)
{
	static const struct { enum ak_code code; const char *text; } v[] = {
		{ AK_KEY_RESPONSE, "{\"keys\":[],\"response\":\"rejected\"}" },
		{ AK_SESSION_RESPONSE,
		    "{\"session_ID\":\"\",\"response\":\"rejected\"}" },
		{ AK_SESSION_KEY_RESPONSE, "{\"session_ID\":\"\",\"keys\":[],"
		    "\"response\":\"rejected\"}" },
	};
	char	out[256];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct jsonout	o = { out, sizeof(out), 0 };

		akmsg_clear(&message);
		strcpy(message.response, "rejected");
		akwrite(&o, command(v[i].code), &message);
		ck_assert_uint_eq(jsonout_end(&o), strlen(v[i].text));
		ck_assert_mem_eq(out, v[i].text, o.len);
	}
}
END_TEST

START_TEST(the_length_of_an_answer_is_known_before_its_keys)
{
	uint32_t	 sizes[2] = { 5, 17 };
	struct ak_keys	 k = two;
	const char	*ext = ",\"key_extension\":{}";

	akmsg_clear(&message);
	strcpy(message.response, "success");
	strcpy(message.session, SESSION);
	message.keys = &k;
	for (unsigned i = 0; i < 16; i++) {
		enum ak_code	code = i < 8 ? AK_KEY_RESPONSE :
				    AK_SESSION_KEY_RESPONSE;
		struct jsonout	o = { NULL, 0, 0 };
		uint64_t	base64;

		k.number = i / 2 % 3;
		k.sizes = i % 2 ? sizes : NULL;
		base64 = k.number * 44;
		if (i % 2)
			base64 = k.number == 0 ? 0 : k.number == 1 ? 8 : 32;
		k.extension = i % 8 > 3 ? ext : "";
		k.extension_len = strlen(k.extension);
		akwrite(&o, command(code), &message);
		ck_assert_uint_eq(o.len, akwrite_keys_len(code, k.number,
		    base64, k.extension_len));
		o.len = 0;
		akwrite(&o, command(AK_SUPPLY), &message);
		ck_assert_uint_lt(o.len, akwrite_keys_len(
		    AK_SESSION_KEY_RESPONSE, k.number, base64,
		    k.extension_len));
	}
}
END_TEST

START_TEST(each_code_stands_there_once_with_its_answer)
{
	for (size_t i = 0; i < AKMSG_COMMANDS; i++) {
		const struct ak_command	*c = &akmsg_commands[i];

		ck_assert_ptr_eq(akmsg_find(c->code), c);
		ck_assert_uint_eq(c->code >> 8, c->from_application ? 0x21 :
		    0x12);
		if (c->answer != 0)
			ck_assert(akmsg_find(c->answer)->from_application !=
			    c->from_application);
	}
	ck_assert_ptr_null(akmsg_find(0x2103));
	ck_assert_ptr_null(akmsg_find(0x1101));
}
END_TEST

UNIT_MAIN("akmsg",
	every_message_is_written_as_the_vectors_have_it,
	the_two_forms_of_a_vector_agree,
	what_applications_send_is_read_as_the_vectors_have_it,
	what_is_read_and_written_again_is_the_same,
	with_other_members_they_are_as_the_vectors_have_them,
	optional_members_may_be_left_out,
	mandatory_members_may_not,
	a_member_of_the_wrong_type_or_out_of_range_is_refused,
	what_is_no_json_object_is_refused,
	sixteen_levels_are_read_and_seventeen_refused,
	unknown_members_are_ignored_and_upper_case_ids_read,
	a_session_is_known_even_of_a_bad_request,
	wishes_of_several_extensions_are_put_together,
	a_confirmation_may_name_one_key_or_all_in_either_form,
	more_key_ids_than_there_is_room_for_are_refused,
	a_refusal_has_all_mandatory_members,
	the_length_of_an_answer_is_known_before_its_keys,
	each_code_stands_there_once_with_its_answer)
