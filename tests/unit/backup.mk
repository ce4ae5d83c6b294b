# Unit tests of backups of a node.
check_PROGRAMS += tests/unit/check_backup tests/fuzz/fuzz_manifest
tests_unit_check_backup_SOURCES = tests/unit/check_backup.c $(UNIT_SRC)
tests_unit_check_backup_CFLAGS = $(UNIT_CFLAGS) $(ARCHIVE_CFLAGS)
tests_unit_check_backup_LDADD = $(CTL_TEST_LIBS) $(ARCHIVE_LIBS)
tests_fuzz_fuzz_manifest_SOURCES = tests/fuzz/fuzz_manifest.c $(FUZZ_SRC)
tests_fuzz_fuzz_manifest_LDADD = $(CTL_TEST_LIBS)
