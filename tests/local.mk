# tests: what is built from this folder
include tests/unit/relayd.mk
include tests/unit/qkdmod.mk
