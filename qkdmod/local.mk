# qkdmod: one process per QKD module
noinst_LIBRARIES += libqkdmod.a
libqkdmod_a_SOURCES = \
	qkdmod/conf.c qkdmod/driver.c qkdmod/driver.h qkdmod/qkdmod.h \
	qkdmod/serve.c qkdmod/serve.h qkdmod/sim.c qkdmod/sim.h \
	qkdmod/simkeys.c qkdmod/simkeys.h

daemon_PROGRAMS += qkdmod/qkdmod
qkdmod_qkdmod_SOURCES = qkdmod/main.c $(WIPEFREE_SRC)
qkdmod_qkdmod_LDADD = libqkdmod.a $(COMMON_LIBS)
