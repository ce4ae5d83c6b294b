# Unit tests and fuzz targets of the HTTPS door of ksa.
KSA_TEST_LIBS = libksa.a $(COMMON_LIBS) $(KSA_LLHTTP)

check_PROGRAMS += tests/unit/check_uri tests/unit/check_http \
	tests/unit/check_etsi014json
tests_unit_check_uri_SOURCES = tests/unit/check_uri.c
tests_unit_check_uri_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_uri_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_http_SOURCES = tests/unit/check_http.c
tests_unit_check_http_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_http_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_etsi014json_SOURCES = tests/unit/check_etsi014json.c
tests_unit_check_etsi014json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_etsi014json_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_uri tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_keyrequest tests/fuzz/fuzz_keyids
tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz_uri.c tests/fuzz/replay.c \
	tests/fuzz/replay.h
tests_fuzz_fuzz_uri_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/replay.c \
	tests/fuzz/replay.h
tests_fuzz_fuzz_http_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_keyrequest_SOURCES = tests/fuzz/fuzz_keyrequest.c \
	tests/fuzz/replay.c tests/fuzz/replay.h
tests_fuzz_fuzz_keyrequest_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_keyids_SOURCES = tests/fuzz/fuzz_keyids.c \
	tests/fuzz/replay.c tests/fuzz/replay.h
tests_fuzz_fuzz_keyids_LDADD = $(KSA_TEST_LIBS)

check_PROGRAMS += tests/unit/check_extension
tests_unit_check_extension_SOURCES = tests/unit/check_extension.c $(UNIT_SRC)
tests_unit_check_extension_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_extension_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)

# The doors with the sockets and the engine played by the test.
DOORBENCH_SRC = tests/unit/doorbench.c tests/unit/doorbench.h \
	tests/unit/fakeconn.c tests/unit/fakeconn.h \
	tests/unit/fakesupply.c tests/unit/fakesupply.h \
	tests/unit/testpki.c tests/unit/testpki.h
HTTPBENCH_SRC = tests/unit/httpbench.c tests/unit/httpbench.h $(DOORBENCH_SRC)
check_PROGRAMS += tests/unit/check_door tests/unit/check_doorlimits
tests_unit_check_door_SOURCES = tests/unit/check_door.c $(HTTPBENCH_SRC)
tests_unit_check_door_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_door_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_doorlimits_SOURCES = tests/unit/check_doorlimits.c \
	$(HTTPBENCH_SRC)
tests_unit_check_doorlimits_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_doorlimits_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)

# Who a certificate is.
check_PROGRAMS += tests/unit/check_certname tests/unit/check_sae \
	tests/fuzz/fuzz_certificate
tests_unit_check_certname_SOURCES = tests/unit/check_certname.c
tests_unit_check_certname_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_certname_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_sae_SOURCES = tests/unit/check_sae.c \
	tests/unit/testpki.c tests/unit/testpki.h
tests_unit_check_sae_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sae_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_fuzz_fuzz_certificate_SOURCES = tests/fuzz/fuzz_certificate.c \
	tests/fuzz/certs.h tests/fuzz/replay.c tests/fuzz/replay.h
tests_fuzz_fuzz_certificate_LDADD = $(KSA_TEST_LIBS)

check_PROGRAMS += tests/unit/check_house
tests_unit_check_house_SOURCES = tests/unit/check_house.c
tests_unit_check_house_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_house_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
