# Unit tests of qkdmod.
check_PROGRAMS += tests/unit/check_sim tests/unit/check_simkeys
tests_unit_check_sim_SOURCES = tests/unit/check_sim.c
tests_unit_check_sim_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sim_LDADD = libqkdmod.a $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_simkeys_SOURCES = tests/unit/check_simkeys.c
tests_unit_check_simkeys_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_simkeys_LDADD = libqkdmod.a $(COMMON_LIBS) $(CHECK_LIBS)
