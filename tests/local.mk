# tests: what is built from this folder
EXTRA_DIST += tests/testnet tests/hosts tests/netlib tests/demo tests/system tests/data \
	tests/model \
	tests/fuzz/corpus $(srcdir)/tests/fuzz/*.dict
include tests/unit/relayd.mk
include tests/unit/qkdmod.mk
include tests/unit/common.mk
include tests/unit/ctl.mk
include tests/unit/backup.mk
include tests/unit/confedit.mk
include tests/unit/ipc.mk
include tests/unit/storekey.mk
include tests/unit/kma.mk
include tests/unit/ksa_front.mk
include tests/unit/ak.mk
include tests/unit/ksa_engine.mk
include tests/unit/sae.mk
include tests/system/liar.mk
include tests/system/unitprobe.mk
include tests/system/doorprobe.mk
