# Store keys: unit tests, and what an operator may write as a node key.
check_PROGRAMS += tests/unit/check_kek tests/unit/check_storekey \
	tests/fuzz/fuzz_nodekey
tests_unit_check_kek_SOURCES = tests/unit/check_kek.c $(UNIT_SRC)
tests_unit_check_kek_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_kek_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_storekey_SOURCES = tests/unit/check_storekey.c $(UNIT_SRC)
tests_unit_check_storekey_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_storekey_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_fuzz_fuzz_nodekey_SOURCES = tests/fuzz/fuzz_nodekey.c $(FUZZ_SRC)
tests_fuzz_fuzz_nodekey_LDADD = $(COMMON_LIBS)
