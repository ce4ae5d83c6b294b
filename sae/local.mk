# sae: an application's way to its KME; knows common/ only
noinst_LIBRARIES += libsae.a
libsae_a_SOURCES = sae/saeanswer.c sae/saeanswer.h \
	sae/saeblank.c sae/saeblank.h \
	sae/saecert.c sae/saecert.h \
	sae/saeclient.c sae/saeclient.h \
	sae/saehttp.c sae/saehttp.h \
	sae/saekeys.c sae/saekeys.h \
	sae/saelink.c sae/saelink.h \
	sae/saemem.c sae/saemem.h \
	sae/saerequest.c sae/saerequest.h \
	sae/saeretry.c sae/saeretry.h \
	sae/saesock.c sae/saesock.h \
	sae/saewhy.c sae/saewhy.h
libsae_a_CFLAGS = $(AM_CFLAGS) $(LLHTTP_CFLAGS)
SAE_LIBS = libsae.a $(KSA_LLHTTP) libcommon.a $(OPENSSL_LIBS) $(JANSSON_LIBS)
