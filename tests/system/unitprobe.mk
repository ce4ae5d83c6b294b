# What a unit's sandbox lets through, for system test 71; never installed.
noinst_PROGRAMS += tests/system/unitprobe
tests_system_unitprobe_SOURCES = tests/system/unitprobe.c
