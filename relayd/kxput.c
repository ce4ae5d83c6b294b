/* kxput.c - the writing half of kxjson.h. */
#include "jsonout.h"
#include "kxfield.h"
#include "kxjson.h"

size_t
kxjson_put_relay(uint8_t *p, size_t room, const struct route *r,
    const struct msg_relay_out *m)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{");
	kxfield_put_route(&j, r);
	jsonout_text(&j, ",\"key_relay_request_ID\":");
	jsonout_string(&j, m->request);
	jsonout_text(&j, ",\"keys\":[{\"key_ID\":");
	jsonout_string(&j, m->request);
	jsonout_text(&j, ",\"key\":");
	jsonout_base64(&j, m->text.p, m->text.len);
	jsonout_text(&j, ",\"key_extension\":{\"protection\":\"otp\",\"pad\":");
	jsonout_u64(&j, m->pad);
	jsonout_text(&j, ",\"block\":");
	jsonout_u64(&j, m->block);
	if (m->parts != 0) {
		jsonout_text(&j, ",\"part\":");
		jsonout_uint(&j, m->part);
		jsonout_text(&j, ",\"parts\":");
		jsonout_uint(&j, m->parts);
	}
	jsonout_text(&j, ",\"mac\":");
	jsonout_base64(&j, m->mac.p, m->mac.len);
	jsonout_text(&j, "}}]}");
	return jsonout_end(&j);
}

size_t
kxjson_put_done(uint8_t *p, size_t room, const char *response,
    const char *request, const struct route *r, struct msg_view mac)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{\"response\":");
	jsonout_string(&j, response);
	if (request[0] != '\0') {
		jsonout_text(&j, ",\"key_relay_request_ID\":");
		jsonout_string(&j, request);
	}
	if (r != NULL) {
		jsonout_text(&j, ",\"extension\":[{");
		kxfield_put_route(&j, r);
		if (mac.len > 0) {
			jsonout_text(&j, ",\"mac\":");
			jsonout_base64(&j, mac.p, mac.len);
		}
		jsonout_text(&j, "}]");
	}
	jsonout_text(&j, "}");
	return jsonout_end(&j);
}

size_t
kxjson_put_message(uint8_t *p, size_t room, const struct route *r,
    struct msg_view body)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{");
	kxfield_put_route(&j, r);
	jsonout_text(&j, ",\"extension\":[{\"message\":");
	jsonout_base64(&j, body.p, body.len);
	jsonout_text(&j, "}]}");
	return jsonout_end(&j);
}

size_t
kxjson_put_announce(uint8_t *p, size_t room, const struct linkstate_ad *ad)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{\"origin\":");
	jsonout_string(&j, ad->origin);
	jsonout_text(&j, ",\"incarnation\":");
	jsonout_u64(&j, ad->incarnation);
	jsonout_text(&j, ",\"sequence\":");
	jsonout_u64(&j, ad->sequence);
	jsonout_text(&j, ",\"neighbours\":[");
	for (unsigned i = 0; i < ad->n; i++) {
		jsonout_raw(&j, ",", i > 0);
		jsonout_string(&j, ad->links[i].peer);
	}
	jsonout_text(&j, "]}");
	return jsonout_end(&j);
}

size_t
kxjson_put_alive(uint8_t *p, size_t room, bool kma)
{
	struct jsonout	j = { (char *)p, room, 0 };

	if (kma)
		jsonout_text(&j, "{}");
	else
		jsonout_text(&j, "{\"kma\":false}");
	return jsonout_end(&j);
}
