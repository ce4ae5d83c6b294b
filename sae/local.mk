# sae: an application's way to its KME; knows common/ only
sae_sources = \
	sae/qkdnode-sae.h sae/qkdsaeint.h \
	sae/qkdsae.c sae/qkdsaecode.c sae/qkdsaesession.c \
	sae/saeakint.h sae/saeakcall.c sae/saeakpipe.c sae/saeakserve.c \
	sae/saeakturn.c \
	sae/saeak.c sae/saeak.h \
	sae/saeakask.c sae/saeakask.h \
	sae/saeakread.c sae/saeakread.h \
	sae/saeanswer.c sae/saeanswer.h \
	sae/saeblank.c sae/saeblank.h \
	sae/saecert.c sae/saecert.h \
	sae/saeclient.c sae/saeclient.h \
	sae/saehttp.c sae/saehttp.h \
	sae/saekeys.c sae/saekeys.h \
	sae/saelink.c sae/saelink.h \
	sae/saemem.c sae/saemem.h \
	sae/saeparts.c sae/saeparts.h \
	sae/saerequest.c sae/saerequest.h \
	sae/saeretry.c sae/saeretry.h \
	sae/saesession.c sae/saesession.h \
	sae/saesock.c sae/saesock.h \
	sae/saewhy.c sae/saewhy.h

# For qkdctl and the tests.
noinst_LIBRARIES += libsae.a
libsae_a_SOURCES = $(sae_sources)
libsae_a_CFLAGS = $(AM_CFLAGS)
SAE_LIBS = libsae.a $(KSA_LLHTTP) libcommon.a $(OPENSSL_LIBS) $(JANSSON_LIBS)

# For applications. Nothing of ours but its functions is visible in it, and it
# brings all of common that it needs. OpenSSL keeps functions of ours, so that
# dlclose() must not unload them.
include_HEADERS = sae/qkdnode-sae.h
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = sae/qkdnode-sae.pc
EXTRA_DIST += sae/libqkdnode-sae.map
libqkdnode_sae_la_SOURCES = $(sae_sources) \
	common/address.c common/akmsg.c common/akread.c common/akwrite.c \
	common/base64.c common/err.c common/frame.c common/ident.c \
	common/jsonout.c common/log.c common/payload.c common/quiet.c \
	common/tls.c common/tlscert.c common/tlscrl.c common/tlsverify.c
libqkdnode_sae_la_CFLAGS = $(AM_CFLAGS)
libqkdnode_sae_la_LIBADD = $(SAE_LLHTTP) $(OPENSSL_LIBS) $(JANSSON_LIBS)
EXTRA_libqkdnode_sae_la_DEPENDENCIES = sae/libqkdnode-sae.map
libqkdnode_sae_la_LDFLAGS = -version-info 0:0:0 $(sae_ldflags) -pthread \
	-Wl,--version-script=$(srcdir)/sae/libqkdnode-sae.map \
	-Wl,-z,nodelete
if SANITIZERS
sae_ldflags = $(QKD_LDFLAGS)
else
sae_ldflags = -no-undefined -Wl,-z,defs,-z,relro,-z,now
endif
# libFuzzer brings a main() that goes into no library.
if !FUZZERS
lib_LTLIBRARIES += libqkdnode-sae.la
endif

if LLHTTP_SRC
SAE_LLHTTP = libllhttppic.la
noinst_LTLIBRARIES += libllhttppic.la
nodist_libllhttppic_la_SOURCES = $(nodist_libllhttp_a_SOURCES)
libllhttppic_la_CPPFLAGS = $(libllhttp_a_CPPFLAGS)
libllhttppic_la_CFLAGS = -w
else
SAE_LLHTTP = $(LLHTTP_LIBS)
endif
