# Unit tests of what crosses from one process or node to another.
check_PROGRAMS += tests/unit/check_ipc
tests_unit_check_ipc_SOURCES = tests/unit/check_ipc.c $(UNIT_SRC)
tests_unit_check_ipc_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ipc_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_msg
tests_unit_check_msg_SOURCES = tests/unit/check_msg.c $(UNIT_SRC)
tests_unit_check_msg_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_msg_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_authlink tests/fuzz/fuzz_authlink
tests_unit_check_authlink_SOURCES = tests/unit/check_authlink.c \
	tests/unit/authpair.c tests/unit/authpair.h $(UNIT_SRC)
tests_unit_check_authlink_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_authlink_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms
tests_unit_check_authlink_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_fuzz_fuzz_authlink_SOURCES = tests/fuzz/fuzz_authlink.c \
	tests/unit/authpair.c tests/unit/authpair.h $(FUZZ_SRC)
tests_fuzz_fuzz_authlink_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms
tests_fuzz_fuzz_authlink_LDADD = $(COMMON_LIBS)
