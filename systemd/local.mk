# systemd: units, users, directories; their paths are those of ./configure
units = systemd/qkdnode-kma.service systemd/qkdnode-ksa.service \
	systemd/qkdnode-relayd.service systemd/qkdnode-qkdmod@.service \
	systemd/qkdnode-status.service systemd/qkdnode.target
tmpfiles = systemd/tmpfiles.d/qkdnode.conf
EXTRA_DIST += $(units:=.in) $(tmpfiles).in systemd/sysusers.d/qkdnode.conf
CLEANFILES += $(units) $(tmpfiles)

if SYSTEMD
systemdsystemunit_DATA = $(units)
sysusers_DATA = systemd/sysusers.d/qkdnode.conf
tmpfiles_DATA = $(tmpfiles)
endif

systemd/%: systemd/%.in
	$(AM_V_GEN)mkdir -p $(@D) && sed \
	    -e 's,@sysconfdir[@],$(sysconfdir),g' \
	    -e 's,@libexecdir[@],$(libexecdir),g' \
	    -e 's,@bindir[@],$(bindir),g' \
	    -e 's,@localstatedir[@],$(localstatedir),g' \
	    -e 's,@runstatedir[@],$(runstatedir),g' <$< >$@.new && mv $@.new $@
