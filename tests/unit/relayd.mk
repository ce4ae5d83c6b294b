# Unit tests of TLS connections and of relayd.
check_PROGRAMS += tests/unit/check_tls tests/unit/check_tlsverify \
	tests/unit/check_conn
tests_unit_check_tls_SOURCES = tests/unit/check_tls.c tests/unit/testpki.c \
	tests/unit/testpki.h
tests_unit_check_tls_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_tls_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_tlsverify_SOURCES = tests/unit/check_tlsverify.c \
	tests/unit/testpki.c tests/unit/testpki.h
tests_unit_check_tlsverify_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_tlsverify_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_conn_SOURCES = tests/unit/check_conn.c \
	tests/unit/testpki.c tests/unit/testpki.h
tests_unit_check_conn_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_conn_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)

RELAYD_TEST_LIBS = librelayd.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_kxjson
tests_unit_check_kxjson_SOURCES = tests/unit/check_kxjson.c $(UNIT_SRC)
tests_unit_check_kxjson_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_kxjson_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_kxsession
tests_unit_check_kxsession_SOURCES = tests/unit/check_kxsession.c $(UNIT_SRC)
tests_unit_check_kxsession_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_kxsession_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_kxplain
tests_unit_check_kxplain_SOURCES = tests/unit/check_kxplain.c $(UNIT_SRC)
tests_unit_check_kxplain_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_kxplain_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_exchange
tests_unit_check_exchange_SOURCES = tests/unit/check_exchange.c $(UNIT_SRC)
tests_unit_check_exchange_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_exchange_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_kxcert
tests_unit_check_kxcert_SOURCES = tests/unit/check_kxcert.c $(UNIT_SRC) \
	tests/unit/testpki.c tests/unit/testpki.h
tests_unit_check_kxcert_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_kxcert_LDADD = $(RELAYD_TEST_LIBS)
RELAYROW_SRC = tests/unit/relayrow.c tests/unit/relayrow.h \
	tests/unit/testpki.c tests/unit/testpki.h $(UNIT_SRC)
check_PROGRAMS += tests/unit/check_relayd
tests_unit_check_relayd_SOURCES = tests/unit/check_relayd.c $(RELAYROW_SRC)
tests_unit_check_relayd_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_relayd_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_relaysession
tests_unit_check_relaysession_SOURCES = tests/unit/check_relaysession.c \
	$(RELAYROW_SRC)
tests_unit_check_relaysession_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_relaysession_LDADD = $(RELAYD_TEST_LIBS)
check_PROGRAMS += tests/unit/check_relayplain
tests_unit_check_relayplain_SOURCES = tests/unit/check_relayplain.c \
	$(RELAYROW_SRC)
tests_unit_check_relayplain_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_relayplain_LDADD = $(RELAYD_TEST_LIBS)

# One fuzz target for each message.
check_PROGRAMS += tests/fuzz/fuzz_kx_relay
tests_fuzz_fuzz_kx_relay_SOURCES = tests/fuzz/fuzz_kx_relay.c $(FUZZ_SRC)
tests_fuzz_fuzz_kx_relay_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_plain
tests_fuzz_fuzz_kx_plain_SOURCES = tests/fuzz/fuzz_kx_plain.c $(FUZZ_SRC)
tests_fuzz_fuzz_kx_plain_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_done
tests_fuzz_fuzz_kx_done_SOURCES = tests/fuzz/fuzz_kx_done.c $(FUZZ_SRC)
tests_fuzz_fuzz_kx_done_LDADD = librelayd.a $(COMMON_LIBS)
KXFUZZ_SRC = tests/fuzz/kxfuzz.c tests/fuzz/kxfuzz.h $(FUZZ_SRC)
check_PROGRAMS += tests/fuzz/fuzz_kx_notify
tests_fuzz_fuzz_kx_notify_SOURCES = tests/fuzz/fuzz_kx_notify.c $(KXFUZZ_SRC)
tests_fuzz_fuzz_kx_notify_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_notified
tests_fuzz_fuzz_kx_notified_SOURCES = tests/fuzz/fuzz_kx_notified.c $(KXFUZZ_SRC)
tests_fuzz_fuzz_kx_notified_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_open
tests_fuzz_fuzz_kx_open_SOURCES = tests/fuzz/fuzz_kx_open.c $(KXFUZZ_SRC)
tests_fuzz_fuzz_kx_open_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_opened
tests_fuzz_fuzz_kx_opened_SOURCES = tests/fuzz/fuzz_kx_opened.c $(KXFUZZ_SRC)
tests_fuzz_fuzz_kx_opened_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_message
tests_fuzz_fuzz_kx_message_SOURCES = tests/fuzz/fuzz_kx_message.c $(FUZZ_SRC)
tests_fuzz_fuzz_kx_message_LDADD = librelayd.a $(COMMON_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kx_announce
tests_fuzz_fuzz_kx_announce_SOURCES = tests/fuzz/fuzz_kx_announce.c $(FUZZ_SRC)
tests_fuzz_fuzz_kx_announce_LDADD = librelayd.a $(COMMON_LIBS)
