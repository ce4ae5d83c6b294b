# relayd: key relay between nodes
noinst_LIBRARIES += librelayd.a
librelayd_a_SOURCES = \
	relayd/bridge.c relayd/bridge.h \
	relayd/carry.c relayd/carry.h \
	relayd/command.c relayd/command.h \
	relayd/conf.c \
	relayd/counters.c relayd/counters.def relayd/counters.h \
	relayd/exchange.c relayd/exchange.h \
	relayd/figures.c relayd/figures.h \
	relayd/frames.c relayd/frames.h \
	relayd/kx.c relayd/kx.h relayd/kximpl.h relayd/kxout.c \
	relayd/kxcert.c relayd/kxcert.h \
	relayd/kxcut.c relayd/kxcut.h \
	relayd/kxfield.c relayd/kxfield.h \
	relayd/kxjson.c relayd/kxjson.h relayd/kxput.c \
	relayd/kxlink.c relayd/kxlink.h \
	relayd/kxsession.c relayd/kxsession.h \
	relayd/kxplain.c relayd/kxplain.h \
	relayd/plain.c relayd/plain.h relayd/plainout.c \
	relayd/relay.c relayd/relay.h \
	relayd/relayd.h \
	relayd/routes.c relayd/routes.h \
	relayd/session.c relayd/session.h

daemon_PROGRAMS += relayd/relayd
relayd_relayd_SOURCES = relayd/main.c $(WIPEFREE_SRC)
relayd_relayd_LDADD = librelayd.a $(COMMON_LIBS)
