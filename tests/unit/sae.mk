# Unit tests and fuzz targets of sae.
check_PROGRAMS += tests/unit/check_saeanswer
tests_unit_check_saeanswer_SOURCES = tests/unit/check_saeanswer.c $(UNIT_SRC)
tests_unit_check_saeanswer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saeanswer_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_saehttp
tests_unit_check_saehttp_SOURCES = tests/unit/check_saehttp.c $(UNIT_SRC)
tests_unit_check_saehttp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saehttp_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_saeclient
tests_unit_check_saeclient_SOURCES = tests/unit/check_saeclient.c \
	tests/unit/fakekme.c tests/unit/fakekme.h \
	tests/unit/testpki.c tests/unit/testpki.h $(UNIT_SRC)
tests_unit_check_saeclient_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saeclient_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_saeanswer tests/fuzz/fuzz_saehttp
tests_fuzz_fuzz_saeanswer_SOURCES = tests/fuzz/fuzz_saeanswer.c $(FUZZ_SRC)
tests_fuzz_fuzz_saeanswer_LDADD = $(SAE_LIBS)
tests_fuzz_fuzz_saehttp_SOURCES = tests/fuzz/fuzz_saehttp.c $(FUZZ_SRC)
tests_fuzz_fuzz_saehttp_LDADD = $(SAE_LIBS)
