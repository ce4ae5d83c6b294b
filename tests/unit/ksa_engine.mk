# Unit tests and fuzz targets of the engine of ksa.
check_PROGRAMS += tests/unit/check_engine
tests_unit_check_engine_SOURCES = tests/unit/check_engine.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_engine_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_engine_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_apps
tests_unit_check_apps_SOURCES = tests/unit/check_apps.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_apps_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_apps_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_place
tests_unit_check_place_SOURCES = tests/unit/check_place.c $(UNIT_SRC)
tests_unit_check_place_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_place_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_fair
tests_unit_check_fair_SOURCES = tests/unit/check_fair.c $(UNIT_SRC)
tests_unit_check_fair_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_fair_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_line
tests_unit_check_line_SOURCES = tests/unit/check_line.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_line_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_line_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_quota
tests_unit_check_quota_SOURCES = tests/unit/check_quota.c $(UNIT_SRC)
tests_unit_check_quota_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_quota_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_multicast
tests_unit_check_multicast_SOURCES = tests/unit/check_multicast.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_multicast_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_multicast_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_hostilepeer
tests_unit_check_hostilepeer_SOURCES = tests/unit/check_hostilepeer.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_hostilepeer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_hostilepeer_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_chaos
tests_unit_check_chaos_SOURCES = tests/unit/check_chaos.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_chaos_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_chaos_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_wishing
tests_unit_check_wishing_SOURCES = tests/unit/check_wishing.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_wishing_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_wishing_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_paths
tests_unit_check_paths_SOURCES = tests/unit/check_paths.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_paths_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_paths_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_recall
tests_unit_check_recall_SOURCES = tests/unit/check_recall.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_recall_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_recall_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_sessionstore
tests_unit_check_sessionstore_SOURCES = tests/unit/check_sessionstore.c $(UNIT_SRC)
tests_unit_check_sessionstore_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sessionstore_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_plainstore
tests_unit_check_plainstore_SOURCES = tests/unit/check_plainstore.c $(UNIT_SRC)
tests_unit_check_plainstore_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_plainstore_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_keyid
tests_unit_check_keyid_SOURCES = tests/unit/check_keyid.c $(UNIT_SRC)
tests_unit_check_keyid_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_keyid_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_keystore
tests_unit_check_keystore_SOURCES = tests/unit/check_keystore.c $(UNIT_SRC)
tests_unit_check_keystore_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_keystore_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_pieces tests/fuzz/fuzz_keyid \
	tests/fuzz/fuzz_supplymsg tests/fuzz/fuzz_bind \
	tests/fuzz/fuzz_applist \
	tests/fuzz/fuzz_sessionpeer
tests_fuzz_fuzz_sessionpeer_SOURCES = tests/fuzz/fuzz_sessionpeer.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(FUZZ_SRC)
tests_fuzz_fuzz_sessionpeer_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_applist_SOURCES = tests/fuzz/fuzz_applist.c $(FUZZ_SRC)
tests_fuzz_fuzz_applist_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_bind_SOURCES = tests/fuzz/fuzz_bind.c $(FUZZ_SRC)
tests_fuzz_fuzz_bind_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_pieces_SOURCES = tests/fuzz/fuzz_pieces.c $(FUZZ_SRC)
tests_fuzz_fuzz_pieces_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_keyid_SOURCES = tests/fuzz/fuzz_keyid.c $(FUZZ_SRC)
tests_fuzz_fuzz_keyid_LDADD = $(KSA_TEST_LIBS)
tests_fuzz_fuzz_supplymsg_SOURCES = tests/fuzz/fuzz_supplymsg.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(FUZZ_SRC)
tests_fuzz_fuzz_supplymsg_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/unit/check_session
tests_unit_check_session_SOURCES = tests/unit/check_session.c \
	tests/unit/fakedoor.c tests/unit/fakedoor.h \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_session_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_session_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_hostilesession
tests_unit_check_hostilesession_SOURCES = tests/unit/check_hostilesession.c \
	tests/unit/fakedoor.c tests/unit/fakedoor.h \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_hostilesession_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_hostilesession_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_sessionlife
tests_unit_check_sessionlife_SOURCES = tests/unit/check_sessionlife.c \
	tests/unit/sessioncrowd.c tests/unit/sessioncrowd.h \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_sessionlife_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sessionlife_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_sessionkill
tests_unit_check_sessionkill_SOURCES = tests/unit/check_sessionkill.c \
	tests/unit/sessioncrowd.c tests/unit/sessioncrowd.h \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_sessionkill_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sessionkill_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_sessionchaos
tests_unit_check_sessionchaos_SOURCES = tests/unit/check_sessionchaos.c \
	tests/unit/sessioncrowd.c tests/unit/sessioncrowd.h \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_sessionchaos_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_sessionchaos_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_ksadisk
tests_unit_check_ksadisk_SOURCES = tests/unit/check_ksadisk.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_ksadisk_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_ksadisk_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_newblocks
tests_unit_check_newblocks_SOURCES = tests/unit/check_newblocks.c \
	tests/unit/enginepair.c tests/unit/enginepair.h $(UNIT_SRC)
tests_unit_check_newblocks_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_check_newblocks_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
