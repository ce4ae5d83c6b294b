# Unit tests of kma; check_kma runs real kma and qkdmod processes.
check_PROGRAMS += tests/unit/check_kma
tests_unit_check_kma_SOURCES = tests/unit/check_kma.c \
	tests/unit/chain.c tests/unit/chain.h
tests_unit_check_kma_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_kma_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
EXTRA_tests_unit_check_kma_DEPENDENCIES = kma/kma qkdmod/qkdmod

check_PROGRAMS += tests/unit/check_kmadisk
tests_unit_check_kmadisk_SOURCES = tests/unit/check_kmadisk.c \
	tests/unit/chain.c tests/unit/chain.h
tests_unit_check_kmadisk_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_kmadisk_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
EXTRA_tests_unit_check_kmadisk_DEPENDENCIES = kma/kma qkdmod/qkdmod

check_PROGRAMS += tests/unit/check_idxset tests/fuzz/fuzz_idxset
tests_unit_check_idxset_SOURCES = tests/unit/check_idxset.c $(UNIT_SRC)
tests_unit_check_idxset_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_idxset_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
tests_fuzz_fuzz_idxset_SOURCES = tests/fuzz/fuzz_idxset.c $(FUZZ_SRC)
tests_fuzz_fuzz_idxset_LDADD = libkma.a $(COMMON_LIBS)
check_PROGRAMS += tests/unit/check_relaymac
tests_unit_check_relaymac_SOURCES = tests/unit/check_relaymac.c $(UNIT_SRC)
tests_unit_check_relaymac_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_relaymac_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ipc_send
tests_unit_check_relaymac_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/data/macvectors.py
check_PROGRAMS += tests/unit/check_linkstore
tests_unit_check_linkstore_SOURCES = tests/unit/check_linkstore.c $(UNIT_SRC)
tests_unit_check_linkstore_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_linkstore_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_kma_control
tests_fuzz_fuzz_kma_control_SOURCES = tests/fuzz/fuzz_kma_control.c \
	$(FUZZ_SRC)
tests_fuzz_fuzz_kma_control_LDADD = libkma.a $(COMMON_LIBS)
check_PROGRAMS += tests/unit/check_linkshare
tests_unit_check_linkshare_SOURCES = tests/unit/check_linkshare.c $(UNIT_SRC)
tests_unit_check_linkshare_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_linkshare_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms \
	-Wl,--wrap=linkpull_new -Wl,--wrap=linkauth_send
tests_unit_check_linkshare_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_linkauth
tests_unit_check_linkauth_SOURCES = tests/unit/check_linkauth.c $(UNIT_SRC)
tests_unit_check_linkauth_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_linkauth_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms \
	-Wl,--wrap=linkpull_new -Wl,--wrap=ipc_send
tests_unit_check_linkauth_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_announce tests/fuzz/fuzz_announce
tests_unit_check_announce_SOURCES = tests/unit/check_announce.c $(UNIT_SRC)
tests_unit_check_announce_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_announce_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
tests_fuzz_fuzz_announce_SOURCES = tests/fuzz/fuzz_announce.c $(FUZZ_SRC)
tests_fuzz_fuzz_announce_LDADD = libkma.a $(COMMON_LIBS)
check_PROGRAMS += tests/unit/check_routes
tests_unit_check_routes_SOURCES = tests/unit/check_routes.c $(UNIT_SRC)
tests_unit_check_routes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_routes_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms
tests_unit_check_routes_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_padline tests/unit/check_fairnet
tests_unit_check_padline_SOURCES = tests/unit/check_padline.c $(UNIT_SRC)
tests_unit_check_padline_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_padline_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_fairnet_SOURCES = tests/unit/check_fairnet.c $(UNIT_SRC)
tests_unit_check_fairnet_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_fairnet_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_disjoint
tests_unit_check_disjoint_SOURCES = tests/unit/check_disjoint.c $(UNIT_SRC)
tests_unit_check_disjoint_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_disjoint_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mono_ms \
	-Wl,--wrap=routes_disjoint -Wl,--wrap=relay_send_part \
	-Wl,--wrap=routes_error -Wl,--wrap=supply_paths
tests_unit_check_disjoint_LDADD = libkma.a $(COMMON_LIBS) $(CHECK_LIBS)
