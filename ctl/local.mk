# ctl: the operator's command
bin_PROGRAMS += ctl/qkdctl
ctl_qkdctl_SOURCES = ctl/qkdctl.c \
	ctl/saecmd.c ctl/saecmd.h \
	ctl/saeopt.c ctl/saeopt.h \
	ctl/saeout.c ctl/saeout.h \
	$(WIPEFREE_SRC)
ctl_qkdctl_LDADD = $(SAE_LIBS)
