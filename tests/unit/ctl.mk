# Unit tests of qkdctl.
CTL_TEST_LIBS = libqkdctl.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_ask
tests_unit_check_ask_SOURCES = tests/unit/check_ask.c $(UNIT_SRC)
tests_unit_check_ask_CFLAGS = $(UNIT_CFLAGS) -I$(top_srcdir)/ctl
tests_unit_check_ask_LDADD = $(CTL_TEST_LIBS)
check_PROGRAMS += tests/unit/check_field
tests_unit_check_field_SOURCES = tests/unit/check_field.c $(UNIT_SRC)
tests_unit_check_field_CFLAGS = $(UNIT_CFLAGS) -I$(top_srcdir)/ctl
tests_unit_check_field_LDADD = $(CTL_TEST_LIBS)
check_PROGRAMS += tests/unit/check_about
tests_unit_check_about_SOURCES = tests/unit/check_about.c $(UNIT_SRC)
tests_unit_check_about_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_about_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_rate
tests_unit_check_rate_SOURCES = tests/unit/check_rate.c $(UNIT_SRC)
tests_unit_check_rate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_rate_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
