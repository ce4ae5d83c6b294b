# An intruder for system test 72; never installed.
noinst_LTLIBRARIES += tests/system/doorprobe.la
tests_system_doorprobe_la_SOURCES = tests/system/doorprobe.c
tests_system_doorprobe_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
