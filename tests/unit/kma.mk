# Unit tests of kma; check_kma runs real kma and qkdmod processes.
check_PROGRAMS += tests/unit/check_kma
tests_unit_check_kma_SOURCES = tests/unit/check_kma.c \
	tests/unit/chain.c tests/unit/chain.h
tests_unit_check_kma_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_kma_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
EXTRA_tests_unit_check_kma_DEPENDENCIES = kma/kma qkdmod/qkdmod
