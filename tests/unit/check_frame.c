/* The frame of Q.4161 and Q.4163, Appendix I. */
#include "config.h"

#include <string.h>

#include "frame.h"
#include "unit.h"

START_TEST(a_header_reads_back_as_written)
{
	static const uint8_t	expected[FRAME_HEADER] = { 0, 1, 0x12, 0x34,
		0x56, 0x78, 0x11, 0xc0, 0, 3 };
	uint8_t			b[FRAME_HEADER + 4] = { 0 };
	struct frame		f;

	frame_header(b, 0x12345678, 0x11c0, 3);
	ck_assert_mem_eq(b, expected, FRAME_HEADER);
	ck_assert_uint_eq(frame_parse(&f, b, sizeof(b)), FRAME_HEADER + 3);
	ck_assert_uint_eq(f.version, FRAME_VERSION);
	ck_assert_uint_eq(f.message_id, 0x12345678);
	ck_assert_uint_eq(f.command, 0x11c0);
	ck_assert_uint_eq(f.length, 3);
	ck_assert_ptr_eq(f.payload, b + FRAME_HEADER);
}
END_TEST

START_TEST(a_frame_that_is_not_whole_gives_zero)
{
	static uint8_t	b[FRAME_HEADER + FRAME_PAYLOAD_MAX];
	struct frame	f;

	frame_header(b, 1, 0x1101, FRAME_PAYLOAD_MAX);
	for (size_t len = 0; len < 100; len++)
		ck_assert_uint_eq(frame_parse(&f, b, len), 0);
	ck_assert_uint_eq(frame_parse(&f, b, sizeof(b) - 1), 0);
	ck_assert_uint_eq(frame_parse(&f, b, sizeof(b)), sizeof(b));
	frame_header(b, 1, 0x1101, 0);
	ck_assert_uint_eq(frame_parse(&f, b, FRAME_HEADER), FRAME_HEADER);
}
END_TEST

START_TEST(a_wrong_version_is_told_not_judged)
{
	uint8_t		b[FRAME_HEADER];
	struct frame	f;

	frame_header(b, 1, 0x1101, 0);
	b[0] = 0x47;
	ck_assert_uint_eq(frame_parse(&f, b, FRAME_HEADER), FRAME_HEADER);
	ck_assert_uint_eq(f.version, 0x4701);
}
END_TEST

UNIT_MAIN("frame", a_header_reads_back_as_written,
    a_frame_that_is_not_whole_gives_zero, a_wrong_version_is_told_not_judged)
