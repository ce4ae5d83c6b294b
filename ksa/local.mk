# ksa: what is built from this folder
noinst_LIBRARIES += libksa.a
libksa_a_SOURCES = ksa/conf.c ksa/conf.h ksa/certname.c ksa/certname.h \
	ksa/dn.c ksa/dn.h ksa/reload.c ksa/reload.h ksa/sae.c ksa/sae.h \
	ksa/supply.h \
	$(ksa_door_sources) $(ksa_ak_sources) $(ksa_engine_sources)

# The HTTPS door.
ksa_door_sources = ksa/arrive.c \
	ksa/door.c ksa/door.h ksa/doorint.h \
	ksa/doorfigures.c ksa/doorfigures.h ksa/etsi014.c \
	ksa/etsi014.h ksa/etsi014json.c ksa/etsi014json.h ksa/etsi014out.c \
	ksa/etsi014out.h ksa/expiry.c ksa/expiry.h ksa/guest.c \
	ksa/guest.h ksa/httpguest.c ksa/httpguest.h \
	ksa/httphead.c ksa/httphead.h ksa/identity.c ksa/identity.h \
	ksa/idscan.c ksa/idscan.h \
	ksa/house.c ksa/house.h ksa/porch.c ksa/porch.h \
	ksa/receipts.c ksa/receipts.h \
	ksa/stray.c ksa/stray.h ksa/uri.c ksa/uri.h

# Q.4161 over TCP.
ksa_ak_sources = ksa/akanswer.c ksa/akanswer.h ksa/akask.c ksa/akask.h \
	ksa/akframe.c ksa/akframe.h ksa/akguest.c ksa/akguest.h \
	ksa/aklistener.c ksa/aklistener.h \
	ksa/akmatch.c ksa/akmatch.h ksa/aknotice.c ksa/aknotice.h

# The engine behind both.
ksa_engine_sources = ksa/env.h ksa/keystore.sql.h ksa/views.sql.h ksa/supply.c \
	ksa/admit.c ksa/admit.h \
	ksa/applearn.c ksa/applist.c ksa/applist.h \
	ksa/apps.c ksa/apps.h ksa/appsint.h ksa/appsstatus.c \
	ksa/appstore.c ksa/appstore.h \
	ksa/bindcache.c ksa/bindcache.h \
	ksa/binding.c ksa/binding.h \
	ksa/bindings.c ksa/bindings.h ksa/bindingsvoid.c \
	ksa/bindmsg.c ksa/bindmsg.h \
	ksa/bindrow.c ksa/bindrow.h \
	ksa/blocks.c ksa/blocks.h \
	ksa/calls.c ksa/calls.h \
	ksa/channel.c ksa/channel.h \
	ksa/claims.c ksa/claims.h \
	ksa/confirm.c ksa/confirm.h ksa/copy.c ksa/copy.h \
	ksa/extension.c ksa/extension.h \
	ksa/deliver.c ksa/deliver.h \
	ksa/enc.c ksa/enc.h ksa/encint.h ksa/enccut.c \
	ksa/encbatch.c ksa/encbatch.h \
	ksa/engine.c ksa/engine.h \
	ksa/fair.c ksa/fair.h \
	ksa/fetch.c ksa/fetch.h \
	ksa/inbox.c ksa/inbox.h ksa/inboxbatch.c ksa/inboxbatch.h \
	ksa/keyid.c ksa/keyid.h \
	ksa/ksafigures.c ksa/ksafigures.h \
	ksa/line.c ksa/line.h \
	ksa/keystore.c ksa/keystore.h \
	ksa/newblocks.c ksa/newblocks.h ksa/newblocksint.h \
	ksa/newblocksvoid.c \
	ksa/outbox.c ksa/outbox.h ksa/outboxint.h ksa/outboxquery.c \
	ksa/paths.c ksa/paths.h \
	ksa/peer.c ksa/peer.h \
	ksa/pieces.c ksa/pieces.h \
	ksa/place.c ksa/place.h \
	ksa/plain.c ksa/plain.h \
	ksa/plainfetch.c ksa/plainin.c ksa/plainout.c \
	ksa/plainstore.c ksa/plainstore.h \
	ksa/pool.c ksa/pool.h ksa/poolint.h \
	ksa/poolcut.c ksa/poolfill.c \
	ksa/quota.c ksa/quota.h \
	ksa/recall.c ksa/recall.h \
	ksa/record.c ksa/record.h \
	ksa/rollback.c ksa/rollback.h \
	ksa/draw.c ksa/draw.h ksa/drawend.c ksa/drawint.h \
	ksa/hold.c ksa/hold.h ksa/invitation.c ksa/invitation.h \
	ksa/offer.c ksa/offer.h ksa/offerend.c ksa/offerint.h \
	ksa/offerkeys.c ksa/opening.c ksa/opening.h \
	ksa/party.c ksa/party.h \
	ksa/session.c ksa/session.h ksa/sessions.c ksa/sessions.h \
	ksa/sessionend.c ksa/sessionend.h \
	ksa/sessionwire.c ksa/sessionwire.h \
	ksa/sessionstore.c ksa/sessionstore.h ksa/share.h \
	ksa/show.c ksa/show.h ksa/showkeys.c \
	ksa/status.c ksa/status.h \
	ksa/sweep.c ksa/sweep.h \
	ksa/wishing.c ksa/wishing.h

daemon_PROGRAMS += ksa/ksa
ksa_ksa_SOURCES = ksa/main.c
ksa_ksa_LDADD = libksa.a $(COMMON_LIBS) $(KSA_LLHTTP)

# llhttp: where the system has no library of it, the sources that it has are
# built here, strict, and without our warnings.
if LLHTTP_SRC
KSA_LLHTTP = libllhttp.a
noinst_LIBRARIES += libllhttp.a
nodist_libllhttp_a_SOURCES = ksa/llhttp/api.c ksa/llhttp/http.c \
	ksa/llhttp/llhttp.c
libllhttp_a_CPPFLAGS = $(LLHTTP_CFLAGS) -DLLHTTP_STRICT_MODE=1
libllhttp_a_CFLAGS = -fPIE -w $(FUZZ_CFLAGS)
BUILT_SOURCES += $(nodist_libllhttp_a_SOURCES)
CLEANFILES += $(nodist_libllhttp_a_SOURCES)
LLHTTP_DIR = /usr/share/llhttp

$(nodist_libllhttp_a_SOURCES):
	$(AM_V_GEN)$(MKDIR_P) ksa/llhttp && \
	    cp -f $(LLHTTP_DIR)/$(@F) $@ && chmod u+w $@
else
KSA_LLHTTP = $(LLHTTP_LIBS)
endif
