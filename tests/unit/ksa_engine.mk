# Unit tests and fuzz targets of the engine of ksa.
check_PROGRAMS += tests/unit/check_engine
tests_unit_check_engine_SOURCES = tests/unit/check_engine.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_engine_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_engine_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
