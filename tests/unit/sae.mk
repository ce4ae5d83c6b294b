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
FAKEAPP_SRC = tests/unit/fakeapp.c tests/unit/fakeapp.h \
	tests/unit/fakekm.c tests/unit/fakekm.h \
	tests/unit/testpki.c tests/unit/testpki.h $(UNIT_SRC)
check_PROGRAMS += tests/unit/check_saeak
tests_unit_check_saeak_SOURCES = tests/unit/check_saeak.c $(FAKEAPP_SRC)
tests_unit_check_saeak_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saeak_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_saeanswer tests/fuzz/fuzz_saehttp
tests_fuzz_fuzz_saeanswer_SOURCES = tests/fuzz/fuzz_saeanswer.c $(FUZZ_SRC)
tests_fuzz_fuzz_saeanswer_LDADD = $(SAE_LIBS)
tests_fuzz_fuzz_saehttp_SOURCES = tests/fuzz/fuzz_saehttp.c $(FUZZ_SRC)
tests_fuzz_fuzz_saehttp_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/unit/check_saeaklife
tests_unit_check_saeaklife_SOURCES = tests/unit/check_saeaklife.c \
	$(FAKEAPP_SRC)
tests_unit_check_saeaklife_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saeaklife_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_saesession
tests_unit_check_saesession_SOURCES = tests/unit/check_saesession.c \
	$(FAKEAPP_SRC)
tests_unit_check_saesession_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saesession_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
# What a KM sends: a fuzz target for each message, and one for their order.
SAEFUZZ_SRC = tests/fuzz/saefuzz.c tests/fuzz/saefuzz.h $(FUZZ_SRC)
check_PROGRAMS += tests/fuzz/fuzz_sae_key_response
tests_fuzz_fuzz_sae_key_response_SOURCES = \
	tests/fuzz/fuzz_sae_key_response.c $(SAEFUZZ_SRC)
tests_fuzz_fuzz_sae_key_response_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_sae_session_response
tests_fuzz_fuzz_sae_session_response_SOURCES = \
	tests/fuzz/fuzz_sae_session_response.c $(SAEFUZZ_SRC)
tests_fuzz_fuzz_sae_session_response_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_sae_session_notify
tests_fuzz_fuzz_sae_session_notify_SOURCES = \
	tests/fuzz/fuzz_sae_session_notify.c $(SAEFUZZ_SRC)
tests_fuzz_fuzz_sae_session_notify_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_sae_session_key_response
tests_fuzz_fuzz_sae_session_key_response_SOURCES = \
	tests/fuzz/fuzz_sae_session_key_response.c $(SAEFUZZ_SRC)
tests_fuzz_fuzz_sae_session_key_response_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_sae_supply
tests_fuzz_fuzz_sae_supply_SOURCES = \
	tests/fuzz/fuzz_sae_supply.c $(SAEFUZZ_SRC)
tests_fuzz_fuzz_sae_supply_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_saeakturn
tests_fuzz_fuzz_saeakturn_SOURCES = tests/fuzz/fuzz_saeakturn.c $(FUZZ_SRC)
tests_fuzz_fuzz_saeakturn_LDADD = $(SAE_LIBS)
check_PROGRAMS += tests/unit/check_saewipe
tests_unit_check_saewipe_SOURCES = tests/unit/check_saewipe.c $(FAKEAPP_SRC)
tests_unit_check_saewipe_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_saewipe_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_qkdsae
tests_unit_check_qkdsae_SOURCES = tests/unit/check_qkdsae.c \
	tests/unit/fakekme.c tests/unit/fakekme.h $(FAKEAPP_SRC)
tests_unit_check_qkdsae_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_qkdsae_LDADD = $(SAE_LIBS) $(CHECK_LIBS)
