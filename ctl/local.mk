# ctl: the operator's command; a library, so that tests can link its parts
noinst_LIBRARIES += libqkdctl.a
libqkdctl_a_SOURCES = \
	ctl/ask.c ctl/ask.h \
	ctl/call.h \
	ctl/daemons.c ctl/daemons.h \
	ctl/field.c ctl/field.h \
	ctl/generic.c ctl/generic.h
libqkdctl_a_CFLAGS = $(AM_CFLAGS) $(SMARTCOLS_CFLAGS) $(ARCHIVE_CFLAGS)
libqkdctl_a_SOURCES += \
	ctl/events.c ctl/events.h \
	ctl/list.c ctl/show.h \
	ctl/lookopt.c ctl/lookopt.h \
	ctl/node.c ctl/node.h \
	ctl/remedy.c ctl/remedy.h \
	ctl/rows.c ctl/rows.h \
	ctl/status.c ctl/status.h \
	ctl/spark.c ctl/spark.h \
	ctl/table.c ctl/table.h \
	ctl/term.c ctl/term.h \
	ctl/verdict.c ctl/verdict.h \
	ctl/watch.c ctl/watch.h
libqkdctl_a_SOURCES += \
	ctl/applicationcmd.c ctl/editcmd.h \
	ctl/checkup.c ctl/checkup.h \
	ctl/checkagree.c \
	ctl/checkcert.c \
	ctl/checkconf.c \
	ctl/checkhost.c \
	ctl/checkpeer.c \
	ctl/checkperm.c \
	ctl/checkunit.c \
	ctl/confedit.c ctl/confedit.h \
	ctl/confread.c ctl/confread.h \
	ctl/confscan.c ctl/confscan.h \
	ctl/confset.c ctl/confset.h \
	ctl/editopt.c ctl/editopt.h \
	ctl/etclock.c ctl/etclock.h \
	ctl/grouptext.c ctl/grouptext.h \
	ctl/destroy.c ctl/destroy.h \
	ctl/initcmd.c ctl/initcmd.h \
	ctl/nodekey.c ctl/nodekey.h \
	ctl/ondisk.c ctl/ondisk.h \
	ctl/rotatecmd.c ctl/keycmd.h \
	ctl/zeroizecmd.c ctl/zeroize.h \
	ctl/zeroizefind.c \
	ctl/linkcmd.c \
	ctl/peercmd.c \
	ctl/run.c ctl/run.h \
	ctl/unit.c ctl/unit.h
libqkdctl_a_SOURCES += \
	ctl/auditask.h \
	ctl/auditcheck.c \
	ctl/auditcmd.c ctl/auditcmd.h \
	ctl/auditshow.c
# qkdctl serve. The files of its page stand in the program.
libqkdctl_a_SOURCES += \
	ctl/exposition.c ctl/exposition.h \
	ctl/history.c ctl/history.h \
	ctl/serveask.c ctl/serveask.h \
	ctl/servecmd.c ctl/servecmd.h \
	ctl/servedoc.c ctl/servedoc.h \
	ctl/serveevents.c ctl/serveevents.h \
	ctl/servefiles.h \
	ctl/servehttp.c ctl/servehttp.h \
	ctl/servenode.c ctl/servenode.h \
	ctl/serverequest.c ctl/serverequest.h \
	ctl/servesample.c ctl/servesample.h
nodist_libqkdctl_a_SOURCES = ctl/servefiles.c
page_files = ctl/page/index.html ctl/page/page.css ctl/page/page.js \
	ctl/page/dom.js ctl/page/map.js ctl/page/chart.js ctl/page/show.js \
	ctl/page/icon.svg
EXTRA_DIST += ctl/servefiles.sh $(page_files)
CLEANFILES += ctl/servefiles.c

ctl/servefiles.c: ctl/servefiles.sh $(page_files)
	$(AM_V_GEN)$(MKDIR_P) ctl && $(srcdir)/ctl/servefiles.sh \
	    $(srcdir)/ctl/page >$@.tmp && mv $@.tmp $@

libqkdctl_a_SOURCES += \
	ctl/backupcmd.c ctl/backupcmd.h \
	ctl/backupset.c ctl/backupset.h \
	ctl/digest.c ctl/digest.h \
	ctl/manifest.c ctl/manifest.h \
	ctl/member.c ctl/member.h \
	ctl/place.c ctl/place.h \
	ctl/restorecmd.c \
	ctl/restoreread.c ctl/restoreread.h \
	ctl/storecopy.c ctl/storecopy.h
bin_PROGRAMS += ctl/qkdctl
ctl_qkdctl_SOURCES = ctl/qkdctl.c \
	ctl/saecmd.c ctl/saecmd.h \
	ctl/saefail.c ctl/saefail.h \
	ctl/saeids.c ctl/saeids.h \
	ctl/saelisten.c ctl/saelisten.h \
	ctl/saeopt.c ctl/saeopt.h \
	ctl/saeoptset.c ctl/saeoptset.h \
	ctl/saeout.c ctl/saeout.h \
	ctl/saesession.c ctl/saesession.h \
	ctl/saestop.c ctl/saestop.h \
	ctl/saetext.c ctl/saetext.h \
	$(WIPEFREE_SRC)
ctl_qkdctl_LDADD = libqkdctl.a $(ARCHIVE_LIBS) $(SMARTCOLS_LIBS) \
	$(SAE_LIBS) $(SQLITE_LIBS) $(LIBCONFIG_LIBS) $(EVENT_LIBS) \
	$(SECCOMP_LIBS) $(KSA_LLHTTP) $(P11KIT_LIBS) -lm

# bash looks for the name of the command.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = ctl/bash-completion/qkdctl
