/* kxout.c - the rest of kx.h: sending, and what the operator sees and does. */
#include <string.h>

#include "err.h"
#include "kximpl.h"
#include "relayd.h"
#include "tlscert.h"

struct kx_peer *
kx_any(struct kx *kx, const char *km)
{
	for (size_t i = 0; i < kx->n; i++)
		if (strcmp(kx->peers[i].km, km) == 0)
			return &kx->peers[i];
	return NULL;
}

struct kx_peer *
kx_find(struct kx *kx, const char *km)
{
	struct kx_peer	*p = kx_any(kx, km);

	return p == NULL || p->plain ? NULL : p;
}

struct kx_peer *
kx_find_plain(struct kx *kx, const char *km)
{
	struct kx_peer	*p = kx_any(kx, km);

	return p == NULL || !p->plain ? NULL : p;
}

bool
kx_is_plain(const struct kx_peer *p)
{
	return p->plain;
}

const char *
kx_name(const struct kx_peer *p)
{
	return p->km;
}

bool
kx_is_up(const struct kx_peer *p)
{
	return p->up;
}

bool
kx_has_kma(const struct kx_peer *p)
{
	return !p->no_kma;
}

void
kx_each(struct kx *kx, void (*fn)(void *, struct kx_peer *), void *arg)
{
	for (size_t i = 0; i < kx->n; i++)
		if (!kx->peers[i].plain)
			fn(arg, &kx->peers[i]);
}

void
kx_each_plain(struct kx *kx, void (*fn)(void *, struct kx_peer *), void *arg)
{
	for (size_t i = 0; i < kx->n; i++)
		if (kx->peers[i].plain)
			fn(arg, &kx->peers[i]);
}

uint32_t
kx_next_id(struct kx_peer *p)
{
	return ++p->next_id;
}

uint8_t *
kx_reserve(struct kx_peer *p, size_t payload, int *err)
{
	uint8_t	*room;

	*err = -E_DOWN;
	if (!p->up)
		return NULL;
	*err = -E_BUSY;
	if (kxlink_queued(p->link) + FRAME_HEADER + payload > OUTPUT_MAX) {
		p->drops++;
		return NULL;
	}
	room = kxlink_reserve(p->link, payload);
	*err = room != NULL ? 0 : -E_NO_MEMORY;
	return room;
}

void
kx_commit(struct kx_peer *p, uint32_t message_id, uint16_t command,
    size_t payload)
{
	kxlink_commit(p->link, message_id, command, payload);
}

int
kx_send(struct kx_peer *p, uint32_t message_id, uint16_t command,
    const uint8_t *payload, size_t len)
{
	uint8_t	*room;
	int	 e;

	if (len > FRAME_PAYLOAD_MAX)
		return -E_TOO_LARGE;
	if ((room = kx_reserve(p, len, &e)) == NULL)
		return e;
	memcpy(room, payload, len);
	kx_commit(p, message_id, command, len);
	return 0;
}

int
kx_admin(struct kx *kx, const char *km, bool up)
{
	struct kx_peer	*p = kx_any(kx, km);

	if (p == NULL)
		return -E_NOT_FOUND;
	if (p->admin_down != up)
		return 0;
	p->admin_down = !up;
	if (up) {
		kx_dial_after(p, 0);
		return 0;
	}
	event_del(p->retry);
	if (p->dialling != NULL)
		kxlink_close(p->dialling, "administratively down");
	if (p->link != NULL)
		kxlink_close(p->link, "administratively down");
	return 0;
}

static json_t *
peer_status(const struct kx_peer *p)
{
	json_t	*o = json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I,"
		    " s:I, s:I, s:s}",
		    "kme_id", p->km, "address", p->address,
		    "connected", (int)p->up,
		    "administratively_down", (int)p->admin_down,
		    "connections", (json_int_t)p->connections,
		    "frames_in", (json_int_t)p->traffic.frames_in,
		    "frames_out", (json_int_t)p->traffic.frames_out,
		    "octets_in", (json_int_t)p->traffic.octets_in,
		    "octets_out", (json_int_t)p->traffic.octets_out,
		    "octets_queued", (json_int_t)(p->link != NULL ?
		    kxlink_queued(p->link) : 0),
		    "drops", (json_int_t)p->drops,
		    "last_error", p->error);

	if (o != NULL)
		json_object_set_new(o, "protection",
		    json_string(p->plain ? "tls" : "otp"));
	if (o != NULL && p->expires != 0)
		json_object_set_new(o, "certificate_expires_ms",
		    json_integer(p->expires));
	if (o != NULL && p->up) {
		json_object_set_new(o, "since_ms",
		    json_integer((json_int_t)p->since));
		json_object_set_new(o, "dialled_by",
		    json_string(kxlink_dialled(p->link) ?
		    p->kx->relayd->conf->kme_id : p->km));
		json_object_set_new(o, "remote",
		    json_string(kxlink_address(p->link)));
	}
	return o;
}

json_t *
kx_status(struct kx *kx)
{
	json_t	*list = json_array();

	for (size_t i = 0; i < kx->n; i++)
		json_array_append_new(list, peer_status(&kx->peers[i]));
	return list;
}

int64_t
kx_expires_ms(const struct kx *kx)
{
	X509	*own = SSL_CTX_get0_certificate(kx->server);

	return own == NULL ? 0 : tlscert_expires_ms(own);
}

void
kx_missing(struct kx *kx, json_t *list)
{
	const struct kx_peer	*p;

	for (p = kx->peers; p < kx->peers + kx->n; p++)
		if (!p->up && (!p->plain || p->admin_down ||
		    p->address[0] != '\0'))
			json_array_append_new(list, json_sprintf(
			    "Kx connection to %s: %s", p->km, p->admin_down ?
			    "administratively down" : p->error[0] != '\0' ?
			    p->error : "not connected yet"));
}
