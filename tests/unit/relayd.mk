# Unit tests of TLS connections and of relayd.
check_PROGRAMS += tests/unit/check_tls tests/unit/check_conn
tests_unit_check_tls_SOURCES = tests/unit/check_tls.c tests/unit/testpki.c \
	tests/unit/testpki.h
tests_unit_check_tls_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_tls_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_conn_SOURCES = tests/unit/check_conn.c \
	tests/unit/testpki.c tests/unit/testpki.h
tests_unit_check_conn_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_conn_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
