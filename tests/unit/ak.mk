# The messages of Q.4161, and a fuzz target for each that applications send.
check_PROGRAMS += tests/unit/check_akmsg
tests_unit_check_akmsg_SOURCES = tests/unit/check_akmsg.c $(UNIT_SRC)
tests_unit_check_akmsg_CFLAGS = $(UNIT_CFLAGS) \
	-DAK_DATA='"$(abs_top_srcdir)/tests/data/ak"'
tests_unit_check_akmsg_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
AKFUZZ_SRC = tests/fuzz/akfuzz.c tests/fuzz/akfuzz.h $(FUZZ_SRC)
check_PROGRAMS += tests/fuzz/fuzz_ak_key_request
tests_fuzz_fuzz_ak_key_request_SOURCES = tests/fuzz/fuzz_ak_key_request.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_key_request_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_ak_key_ids
tests_fuzz_fuzz_ak_key_ids_SOURCES = tests/fuzz/fuzz_ak_key_ids.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_key_ids_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_ak_session
tests_fuzz_fuzz_ak_session_SOURCES = tests/fuzz/fuzz_ak_session.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_session_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_ak_session_notified
tests_fuzz_fuzz_ak_session_notified_SOURCES = tests/fuzz/fuzz_ak_session_notified.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_session_notified_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_ak_session_key
tests_fuzz_fuzz_ak_session_key_SOURCES = tests/fuzz/fuzz_ak_session_key.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_session_key_LDADD = $(KSA_TEST_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_ak_supplied
tests_fuzz_fuzz_ak_supplied_SOURCES = tests/fuzz/fuzz_ak_supplied.c $(AKFUZZ_SRC)
tests_fuzz_fuzz_ak_supplied_LDADD = $(KSA_TEST_LIBS)

# The door with the sockets and the engine played by the test.
check_PROGRAMS += tests/unit/check_akdoor
AKBENCH_SRC = tests/unit/akbench.c tests/unit/akbench.h $(DOORBENCH_SRC)
tests_unit_check_akdoor_SOURCES = tests/unit/check_akdoor.c $(AKBENCH_SRC)
tests_unit_check_akdoor_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_akdoor_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
TALKBENCH_SRC = tests/unit/talkbench.c tests/unit/talkbench.h $(AKBENCH_SRC)
check_PROGRAMS += tests/unit/check_aknotice tests/unit/check_aknoticeline \
	tests/unit/check_aknoticeboth
tests_unit_check_aknotice_SOURCES = tests/unit/check_aknotice.c \
	$(TALKBENCH_SRC) $(UNIT_SRC)
tests_unit_check_aknotice_CFLAGS = $(UNIT_CFLAGS) \
	-DAK_DATA='"$(abs_top_srcdir)/tests/data/ak"'
tests_unit_check_aknotice_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_aknoticeline_SOURCES = tests/unit/check_aknoticeline.c \
	$(TALKBENCH_SRC)
tests_unit_check_aknoticeline_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_aknoticeline_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
tests_unit_check_aknoticeboth_SOURCES = tests/unit/check_aknoticeboth.c \
	$(TALKBENCH_SRC)
tests_unit_check_aknoticeboth_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_aknoticeboth_LDADD = $(KSA_TEST_LIBS) $(CHECK_LIBS)
