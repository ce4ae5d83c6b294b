/*
 * frame.h - the frame of Q.4161 and Q.4163, Appendix I: Version (2 octets,
 * 0x0001), MessageID (4), CommandCode (2), Length (2), Payload; all integers
 * big-endian.
 */
#ifndef QKD_FRAME_H
#define QKD_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION	0x0001
#define FRAME_HEADER	10
#define FRAME_PAYLOAD_MAX 65535

struct frame {
	uint16_t	 version;	/* as read; may be wrong */
	uint32_t	 message_id;
	uint16_t	 command;
	uint16_t	 length;
	const uint8_t	*payload;	/* inside the buffer parsed */
};

/*
 * Pure. Returns the octets that the frame takes, 0 when the buffer does not
 * hold a whole frame yet. Never reads beyond len.
 */
size_t	frame_parse(struct frame *, const uint8_t *, size_t len);
void	frame_header(uint8_t out[FRAME_HEADER], uint32_t message_id,
	    uint16_t command, uint16_t length);

#endif
