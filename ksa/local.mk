# ksa: what is built from this folder
noinst_LIBRARIES += libksa.a
libksa_a_SOURCES = ksa/conf.c ksa/conf.h ksa/sae.c ksa/sae.h ksa/supply.h \
	$(ksa_door_sources) $(ksa_engine_sources)

# The HTTPS door.
ksa_door_sources =

# The engine behind it.
ksa_engine_sources =
