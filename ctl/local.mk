# ctl: the operator's command; a library, so that tests can link its parts
noinst_LIBRARIES += libqkdctl.a
libqkdctl_a_SOURCES = \
	ctl/ask.c ctl/ask.h \
	ctl/call.h \
	ctl/daemons.c ctl/daemons.h \
	ctl/exposition.c ctl/exposition.h \
	ctl/field.c ctl/field.h \
	ctl/generic.c ctl/generic.h
libqkdctl_a_CFLAGS = $(AM_CFLAGS) $(SMARTCOLS_CFLAGS)
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
	ctl/check.c ctl/check.h \
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
	ctl/grouptext.c ctl/grouptext.h \
	ctl/initcmd.c ctl/initcmd.h \
	ctl/linkcmd.c \
	ctl/peercmd.c \
	ctl/run.c ctl/run.h \
	ctl/unit.c ctl/unit.h
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
ctl_qkdctl_LDADD = libqkdctl.a $(SMARTCOLS_LIBS) $(SAE_LIBS) $(LIBCONFIG_LIBS)

# bash looks for the name of the command.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = ctl/bash-completion/qkdctl
