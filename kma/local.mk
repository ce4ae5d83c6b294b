# kma: the key management agent
noinst_LIBRARIES += libkma.a
libkma_a_SOURCES = \
	kma/agree.c kma/agree.h \
	kma/announce.c kma/announce.h \
	kma/announcemsg.c kma/announcemsg.h \
	kma/conf.c kma/conf.h \
	kma/direct.c \
	kma/disjoint.c \
	kma/gate.c kma/gate.h \
	kma/gather.c kma/gather.h \
	kma/hop.c \
	kma/idxset.c kma/idxset.h \
	kma/kma.c kma/kma.h \
	kma/kmafigures.c kma/kmafigures.h \
	kma/link.c kma/link.h \
	kma/linkaccount.c \
	kma/linkad.c kma/linkad.h \
	kma/linkagree.c \
	kma/linkaudit.c kma/linkaudit.h \
	kma/linkauth.c \
	kma/linkcompare.c \
	kma/linkkey.c \
	kma/linkpull.c \
	kma/linkrow.h kma/views.sql.h \
	kma/linkshare.c \
	kma/linkstatus.c \
	kma/linkstore.c kma/linkstore.h \
	kma/linktx.c \
	kma/linkwant.c \
	kma/padline.c kma/padline.h \
	kma/plain.c kma/plain.h kma/plainout.c \
	kma/relay.c kma/relay.h \
	kma/relayframe.c \
	kma/relaymac.c kma/relaymac.h \
	kma/routectl.c kma/routectl.h \
	kma/routes.c kma/routes.h \
	kma/routewhy.c kma/routewhy.h \
	kma/supply.c

daemon_PROGRAMS += kma/kma
kma_kma_SOURCES = kma/main.c $(WIPEFREE_SRC)
kma_kma_LDADD = libkma.a $(COMMON_LIBS)
