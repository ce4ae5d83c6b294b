/* frame.c - the header of Q.4161 and Q.4163, Appendix I. */
#include "frame.h"

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

size_t
frame_parse(struct frame *f, const uint8_t *p, size_t len)
{
	if (len < FRAME_HEADER)
		return 0;
	f->version = be16(p);
	f->message_id = (uint32_t)be16(p + 2) << 16 | be16(p + 4);
	f->command = be16(p + 6);
	f->length = be16(p + 8);
	f->payload = p + FRAME_HEADER;
	return len - FRAME_HEADER < f->length ? 0 :
	    FRAME_HEADER + (size_t)f->length;
}

void
frame_header(uint8_t out[FRAME_HEADER], uint32_t message_id, uint16_t command,
    uint16_t length)
{
	put_be16(out, FRAME_VERSION);
	put_be16(out + 2, (uint16_t)(message_id >> 16));
	put_be16(out + 4, (uint16_t)message_id);
	put_be16(out + 6, command);
	put_be16(out + 8, length);
}
