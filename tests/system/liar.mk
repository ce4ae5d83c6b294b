# A captured relayd, for system test 54; never installed.
noinst_PROGRAMS += tests/system/liar
tests_system_liar_SOURCES = tests/system/liar.c tests/system/liar.h \
	tests/system/liarframe.c tests/system/liemsg.c tests/system/liemsg.h \
	relayd/main.c $(WIPEFREE_SRC)
tests_system_liar_LDADD = librelayd.a $(COMMON_LIBS)
tests_system_liar_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=bridge_new,--wrap=ipc_send,--wrap=kxlink_reserve \
	-Wl,--wrap=kxlink_commit,--wrap=frames_input,--wrap=carry_send \
	-Wl,--wrap=relay_send,--wrap=relay_send_done,--wrap=session_send \
	-Wl,--wrap=ctl_commands
