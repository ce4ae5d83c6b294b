# Unit tests of how qkdctl changes configuration files.
check_PROGRAMS += tests/unit/check_confedit tests/fuzz/fuzz_confedit
tests_unit_check_confedit_SOURCES = tests/unit/check_confedit.c $(UNIT_SRC)
tests_unit_check_confedit_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_confedit_LDADD = $(CTL_TEST_LIBS)
tests_fuzz_fuzz_confedit_SOURCES = tests/fuzz/fuzz_confedit.c $(FUZZ_SRC)
tests_fuzz_fuzz_confedit_LDADD = $(CTL_TEST_LIBS)
