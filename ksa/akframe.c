#include "akframe.h"

#include "akwrite.h"
#include "err.h"
#include "frame.h"

int
akframe_write(struct conn *to, uint32_t message_id, const struct ak_command *c,
    const struct ak_message *m)
{
	struct jsonout	 o = { NULL, 0, 0 };
	uint8_t		*p;

	akwrite(&o, c, m);
	if (o.len > FRAME_PAYLOAD_MAX)
		return -E_TOO_LARGE;
	if ((p = conn_reserve(to, FRAME_HEADER + o.len)) == NULL)
		return -E_NO_MEMORY;
	frame_header(p, message_id, c->code, (uint16_t)o.len);
	o = (struct jsonout){ (char *)p + FRAME_HEADER, o.len, 0 };
	akwrite(&o, c, m);
	conn_commit(to, FRAME_HEADER + o.len);
	return 0;
}
