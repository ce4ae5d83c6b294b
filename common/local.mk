# common: what the processes share; it knows none of them
noinst_LIBRARIES += libcommon.a
COMMON_LIBS = libcommon.a $(OPENSSL_LIBS) $(SQLITE_LIBS) $(LIBCONFIG_LIBS) \
	$(EVENT_LIBS) $(JANSSON_LIBS) $(MSGPACK_LIBS) $(NNG_LIBS) \
	$(SECCOMP_LIBS) $(P11KIT_LIBS)

# A list in the order of the alphabet; each .c has its header beside it.
libcommon_a_SOURCES = \
	common/about.c common/about.h \
	common/address.c common/address.h \
	common/akmsg.c common/akmsg.h \
	common/akread.c common/akread.h \
	common/akwrite.c common/akwrite.h \
	common/audit.c common/audit.h common/auditint.h \
	common/auditchain.c common/auditchain.h \
	common/auditfigures.c \
	common/auditopen.c \
	common/auditrotate.c \
	common/auditrow.c common/auditevent.def common/auditrow.h \
	common/auditsql.h \
	common/auditverify.c common/auditverify.h \
	common/authlink.c common/authlink.h \
	common/base64.c common/base64.h \
	common/block.h \
	common/bytes.h \
	common/bytequeue.c common/bytequeue.h \
	common/committer.c common/committer.h \
	common/conf.c common/conf.h \
	common/confdoc.c common/confdoc.h \
	common/confval.c common/confval.h \
	common/confine.c common/confine.h common/confineint.h \
	common/confinecall.c \
	common/confinefile.c \
	common/conn.c common/conn.h common/connimpl.h \
	common/connio.c \
	common/connloop.c common/connloop.h \
	common/connshake.c \
	common/ctl.c common/ctl.h \
	common/ctltable.c common/ctltable.h \
	common/daemon.c common/daemon.h \
	common/db.c common/db.h \
	common/dbfile.c common/dbfile.h \
	common/dbvfs.c common/dbvfs.h \
	common/err.c common/err.def common/err.h \
	common/frame.c common/frame.h \
	common/heap.c common/heap.h \
	common/histogram.c common/histogram.h \
	common/helper.c common/helper.h \
	common/http.c common/http.h \
	common/ident.c common/ident.h \
	common/ipc.c common/ipc.h common/ipcint.h \
	common/ipcask.c \
	common/ipcsock.c \
	common/jsonout.c common/jsonout.h \
	common/kek.c common/kek.h common/kekimpl.h \
	common/kektoken.c \
	common/linkdisjoint.c \
	common/linklook.c \
	common/linkroute.c \
	common/linkstate.c common/linkstate.h common/linkimpl.h \
	common/linktable.c \
	common/listener.c common/listener.h \
	common/log.c common/log.h \
	common/metrics.c common/metrics.h \
	common/msg.c common/msg.def common/msg.h common/msgint.h \
	common/msgdec.c \
	common/msgenc.c \
	common/note.c common/note.h \
	common/otp.c common/otp.h \
	common/payload.c common/payload.h \
	common/quiet.c common/quiet.h \
	common/rate.c common/rate.h \
	common/seal.c common/seal.h \
	common/secret.c common/secret.h \
	common/span.c common/span.h \
	common/storefigures.c common/storefigures.h \
	common/storestatus.c common/storestatus.h \
	common/storekey.c common/storekey.h common/storekeyimpl.h \
	common/storekeychange.c \
	common/storekeyctl.c \
	common/storekeyfile.c \
	common/storekeylife.c \
	common/storekeywalk.c \
	common/tls.c common/tls.h \
	common/tlscert.c common/tlscert.h \
	common/tlscrl.c common/tlscrl.h \
	common/tlsfigures.c common/tlsfigures.h \
	common/tlsverify.c common/tlsverify.h \
	common/user.c common/user.h \
	common/witness.c common/witness.h

# A source of the daemons that see key bytes; see there.
WIPEFREE_SRC = common/wipefree.c
EXTRA_DIST += common/wipefree.c
