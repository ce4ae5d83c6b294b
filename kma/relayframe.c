/* relayframe.c - the pad arithmetic of one key relay message. */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/relay.h"

struct hop_frame {
	km_id		 hop;
	route_text	 route;
	uuid_text	 request;
	uint64_t	 block, pad;
	uint32_t	 part, parts;
	struct secret	*text;
	bool		 protected;
	uint8_t		 mac[OTP_MAC];
};

struct hop_frame *
relay_frame_new(const char *hop, const struct relay_names *n)
{
	struct hop_frame	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	if ((f->text = secret_copy(n->text.p, n->text.len)) == NULL) {
		free(f);
		return NULL;
	}
	memcpy(f->hop, hop, strlen(hop) + 1);
	memcpy(f->route, n->route, strlen(n->route) + 1);
	memcpy(f->request, n->request, strlen(n->request) + 1);
	f->block = n->block;
	f->part = n->part;
	f->parts = n->parts;
	return f;
}

static int
frame_mac(struct hop_frame *f, const struct secret *pad_block)
{
	struct relay_names	n = { f->route, f->request, f->block, f->pad,
				    { f->text->bytes, f->text->len },
				    f->part, f->parts };

	return relaymac_hop(f->mac, pad_block->bytes + LINK_MAC,
	    kma_conf.kme_id, f->hop, &n);
}

int
relay_frame_protect(struct hop_frame *f, const struct secret *pad_block,
    uint64_t pad)
{
	const uint8_t	*p = pad_block->bytes + LINK_PAD;
	int		 r;

	if (pad_block->len - LINK_PAD != f->text->len)
		return -E_PAD_LENGTH;
	for (size_t i = 0; i < f->text->len; i++)
		f->text->bytes[i] ^= p[i];
	f->pad = pad;
	if ((r = frame_mac(f, pad_block)) == 0)
		f->protected = true;
	return r;
}

int
relay_frame_reprotect(struct hop_frame *f, const struct secret *in,
    const struct secret *out, uint64_t pad)
{
	int	r;

	if (in->len != out->len || in->len - LINK_PAD != f->text->len)
		return -E_PAD_LENGTH;
	for (size_t i = 0; i < f->text->len; i++)
		f->text->bytes[i] ^= in->bytes[LINK_PAD + i] ^
		    out->bytes[LINK_PAD + i];
	f->pad = pad;
	if ((r = frame_mac(f, out)) == 0)
		f->protected = true;
	return r;
}

int
relay_frame_check(const struct msg_relay_in *m, const char *from,
    const struct secret *pad_block)
{
	struct relay_names	n = { m->route, m->request, m->block, m->pad,
				    m->text, m->part, m->parts };
	uint8_t			tag[OTP_MAC];
	int			r;

	if (m->mac.len != OTP_MAC ||
	    m->text.len != pad_block->len - LINK_PAD)
		return -E_MAC;
	if ((r = relaymac_hop(tag, pad_block->bytes + LINK_MAC, from,
	    kma_conf.kme_id, &n)) < 0)
		return r;
	return mac_check(tag, m->mac.p, OTP_MAC);
}

int
relay_frame_send(struct kma *k, const struct hop_frame *f)
{
	struct msg		 m = { .id = MSG_relay_out };
	struct msg_relay_out	*o = &m.relay_out;

	if (!f->protected)
		return -E_DENIED;
	memcpy(o->hop, f->hop, sizeof(o->hop));
	memcpy(o->route, f->route, sizeof(o->route));
	memcpy(o->request, f->request, sizeof(o->request));
	o->block = f->block;
	o->pad = f->pad;
	o->part = f->part;
	o->parts = f->parts;
	o->mac = (struct msg_view){ f->mac, sizeof(f->mac) };
	o->text = (struct msg_view){ f->text->bytes, f->text->len };
	return ipc_send(k->relayd, &m);
}

void
relay_frame_free(struct hop_frame **f)
{
	if (*f == NULL)
		return;
	secret_free(&(*f)->text);
	free(*f);
	*f = NULL;
}
