# ctl: the operator's command
bin_PROGRAMS += ctl/qkdctl
ctl_qkdctl_SOURCES = ctl/qkdctl.c
ctl_qkdctl_LDADD = $(JANSSON_LIBS)
