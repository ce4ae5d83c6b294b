# Unit tests of common, and what all unit tests may use.
UNIT_SRC = tests/unit/unit.c tests/unit/unit.h
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests/unit
check_PROGRAMS += tests/unit/check_base64
tests_unit_check_base64_SOURCES = tests/unit/check_base64.c $(UNIT_SRC)
tests_unit_check_base64_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_base64_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_witness
tests_unit_check_witness_SOURCES = tests/unit/check_witness.c $(UNIT_SRC)
tests_unit_check_witness_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_witness_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_err
tests_unit_check_err_SOURCES = tests/unit/check_err.c $(UNIT_SRC)
tests_unit_check_err_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_err_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_frame
tests_unit_check_frame_SOURCES = tests/unit/check_frame.c $(UNIT_SRC)
tests_unit_check_frame_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_frame_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
LINKNET_SRC = tests/unit/linknet.c tests/unit/linknet.h $(UNIT_SRC)
check_PROGRAMS += tests/unit/check_linkstate
tests_unit_check_linkstate_SOURCES = tests/unit/check_linkstate.c \
	$(LINKNET_SRC)
tests_unit_check_linkstate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_linkstate_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_linkdisjoint
tests_unit_check_linkdisjoint_SOURCES = tests/unit/check_linkdisjoint.c \
	$(LINKNET_SRC)
tests_unit_check_linkdisjoint_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_linkdisjoint_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_ident
tests_unit_check_ident_SOURCES = tests/unit/check_ident.c $(UNIT_SRC)
tests_unit_check_ident_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ident_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_log
tests_unit_check_log_SOURCES = tests/unit/check_log.c $(UNIT_SRC)
tests_unit_check_log_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_log_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_otp
tests_unit_check_otp_SOURCES = tests/unit/check_otp.c $(UNIT_SRC)
tests_unit_check_otp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_otp_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_seal
tests_unit_check_seal_SOURCES = tests/unit/check_seal.c $(UNIT_SRC)
tests_unit_check_seal_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_seal_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_secret
tests_unit_check_secret_SOURCES = tests/unit/check_secret.c $(UNIT_SRC)
tests_unit_check_secret_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_secret_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_audit
tests_fuzz_fuzz_audit_SOURCES = tests/fuzz/fuzz_audit.c $(FUZZ_SRC)
tests_fuzz_fuzz_audit_LDADD = $(COMMON_LIBS)

# A record of keys in a store of its own.
RECORDBENCH_SRC = tests/unit/recordbench.c tests/unit/recordbench.h $(UNIT_SRC)
RECORDBENCH_WRAP = $(AM_LDFLAGS) -Wl,--wrap=now_ms -Wl,--wrap=mono_ms
check_PROGRAMS += tests/unit/check_audit tests/unit/check_auditfiles
tests_unit_check_audit_SOURCES = tests/unit/check_audit.c $(RECORDBENCH_SRC)
tests_unit_check_audit_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_audit_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_audit_LDFLAGS = $(RECORDBENCH_WRAP)
tests_unit_check_auditfiles_SOURCES = tests/unit/check_auditfiles.c \
	$(RECORDBENCH_SRC)
tests_unit_check_auditfiles_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_auditfiles_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
tests_unit_check_auditfiles_LDFLAGS = $(RECORDBENCH_WRAP)

check_PROGRAMS += tests/unit/check_committer
tests_unit_check_committer_SOURCES = tests/unit/check_committer.c $(UNIT_SRC)
tests_unit_check_committer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_committer_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_conf
tests_unit_check_conf_SOURCES = tests/unit/check_conf.c $(UNIT_SRC)
tests_unit_check_conf_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_conf_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_db
tests_unit_check_db_SOURCES = tests/unit/check_db.c $(UNIT_SRC)
tests_unit_check_db_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_db_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_dbfault
tests_unit_check_dbfault_SOURCES = tests/unit/check_dbfault.c $(UNIT_SRC)
tests_unit_check_dbfault_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_dbfault_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/check_dbvfs
tests_unit_check_dbvfs_SOURCES = tests/unit/check_dbvfs.c $(UNIT_SRC)
tests_unit_check_dbvfs_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_dbvfs_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_ctl
tests_unit_check_ctl_SOURCES = tests/unit/check_ctl.c $(UNIT_SRC)
tests_unit_check_ctl_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_ctl_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_daemon
tests_unit_check_daemon_SOURCES = tests/unit/check_daemon.c $(UNIT_SRC)
tests_unit_check_daemon_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_daemon_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_wipefree
tests_unit_check_wipefree_SOURCES = tests/unit/check_wipefree.c \
	$(WIPEFREE_SRC) $(UNIT_SRC)
tests_unit_check_wipefree_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_wipefree_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)

# Fuzz targets, run over fixed mutations of their seeds.
FUZZ_SRC = tests/fuzz/replay.c tests/fuzz/replay.h
check_PROGRAMS += tests/fuzz/fuzz_base64 tests/fuzz/fuzz_ctl \
	tests/fuzz/fuzz_frame tests/fuzz/fuzz_ident \
	tests/fuzz/fuzz_linkstate tests/fuzz/fuzz_msg
tests_fuzz_fuzz_base64_SOURCES = tests/fuzz/fuzz_base64.c $(FUZZ_SRC)
tests_fuzz_fuzz_base64_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_ctl_SOURCES = tests/fuzz/fuzz_ctl.c $(FUZZ_SRC)
tests_fuzz_fuzz_ctl_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(FUZZ_SRC)
tests_fuzz_fuzz_frame_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_ident_SOURCES = tests/fuzz/fuzz_ident.c $(FUZZ_SRC)
tests_fuzz_fuzz_ident_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_linkstate_SOURCES = tests/fuzz/fuzz_linkstate.c $(FUZZ_SRC)
tests_fuzz_fuzz_linkstate_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_msg_SOURCES = tests/fuzz/fuzz_msg.c $(FUZZ_SRC)
tests_fuzz_fuzz_msg_LDADD = $(COMMON_LIBS)
check_PROGRAMS += tests/unit/check_helper
tests_unit_check_helper_SOURCES = tests/unit/check_helper.c $(UNIT_SRC)
tests_unit_check_helper_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_helper_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_listener
tests_unit_check_listener_SOURCES = tests/unit/check_listener.c $(UNIT_SRC)
tests_unit_check_listener_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_listener_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_metrics
tests_unit_check_metrics_SOURCES = tests/unit/check_metrics.c $(UNIT_SRC)
tests_unit_check_metrics_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_metrics_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/check_confine
tests_unit_check_confine_SOURCES = tests/unit/check_confine.c $(UNIT_SRC)
tests_unit_check_confine_CFLAGS = $(UNIT_CFLAGS)
tests_unit_check_confine_LDADD = $(COMMON_LIBS) $(CHECK_LIBS)
