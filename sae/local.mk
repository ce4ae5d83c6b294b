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
libsae_a_CFLAGS = $(AM_CFLAGS) $(LLHTTP_CFLAGS)
SAE_LIBS = libsae.a $(KSA_LLHTTP) libcommon.a $(OPENSSL_LIBS) $(JANSSON_LIBS)
