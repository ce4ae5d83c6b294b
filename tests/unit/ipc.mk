# Unit tests of what crosses from one process or node to another.
check_PROGRAMS += tests/unit/check_ipc
tests_unit_check_ipc_SOURCES = tests/unit/check_ipc.c $(UNIT_SRC)
tests_unit_check_ipc_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ipc_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
