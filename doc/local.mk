# doc: manual pages; what is said of options comes from the daemons' tables
dist_doc_DATA += doc/ARCHITECTURE.md doc/profile.md doc/etsi014.md \
	doc/relay.md doc/operator.md
wiresharkdir = $(docdir)/wireshark
dist_wireshark_DATA = doc/wireshark/qkdnode.lua doc/wireshark/sample.pcapng
wireguarddir = $(docdir)/examples/wireguard
dist_wireguard_DATA = doc/examples/wireguard/README.md \
	doc/examples/wireguard/qkd-wg.conf
dist_wireguard_SCRIPTS = doc/examples/wireguard/qkd-wg-master \
	doc/examples/wireguard/qkd-wg-slave \
	doc/examples/wireguard/qkd-wg-session \
	doc/examples/wireguard/qkd-wg-listen
strongswandir = $(docdir)/examples/strongswan
dist_strongswan_DATA = doc/examples/strongswan/README.md \
	doc/examples/strongswan/qkd-ike.conf \
	doc/examples/strongswan/swanctl.conf
dist_strongswan_SCRIPTS = doc/examples/strongswan/qkd-ike-master \
	doc/examples/strongswan/qkd-ike-slave
saedir = $(docdir)/examples/sae
dist_sae_DATA = doc/examples/sae/README.md doc/examples/sae/Makefile \
	doc/examples/sae/example.c
dist_man_MANS += doc/man/libqkdnode-sae.3 doc/man/qkdctl.1 doc/man/qkdnode-pki.8 \
	doc/man/qkdnode-stores.7
man_pages = doc/man/kma.8 doc/man/ksa.8 doc/man/relayd.8 doc/man/qkdmod.8 \
	doc/man/kma.conf.5 doc/man/ksa.conf.5 doc/man/relayd.conf.5 \
	doc/man/qkdmod.conf.5 doc/man/qkdnode-messages.7
nodist_man_MANS += $(man_pages)
man_parts = doc/man/common.in doc/man/door.in doc/man/signals.in doc/fill
EXTRA_DIST += $(man_parts) $(man_pages:=.in)
CLEANFILES += $(man_pages)

# A line @NAME@ of a template becomes the output of the command for it.
man_fill = $(AM_V_GEN)mkdir -p doc/man && sh $(srcdir)/doc/fill \
	COMMON 'cat $(srcdir)/doc/man/common.in' \
	DOOR 'cat $(srcdir)/doc/man/door.in' \
	SIGNALS 'cat $(srcdir)/doc/man/signals.in'

doc/man/%.8: doc/man/%.8.in $(man_parts)
	$(man_fill) <$< >$@.new && mv $@.new $@

doc/man/qkdnode-messages.7: doc/man/qkdnode-messages.7.in kma/kma$(EXEEXT) \
    $(man_parts)
	$(man_fill) MESSAGES 'kma/kma --dump-messages' <$< >$@.new && \
	mv $@.new $@

doc/man/kma.conf.5: doc/man/kma.conf.5.in kma/kma$(EXEEXT) etc/kma.conf \
    $(man_parts)
	$(man_fill) OPTIONS 'kma/kma --man-options' \
	EXAMPLE 'example $(srcdir)/etc/kma.conf' <$< >$@.new && mv $@.new $@

doc/man/ksa.conf.5: doc/man/ksa.conf.5.in ksa/ksa$(EXEEXT) etc/ksa.conf \
    $(man_parts)
	$(man_fill) OPTIONS 'ksa/ksa --man-options' \
	EXAMPLE 'example $(srcdir)/etc/ksa.conf' <$< >$@.new && mv $@.new $@

doc/man/relayd.conf.5: doc/man/relayd.conf.5.in relayd/relayd$(EXEEXT) \
    etc/relayd.conf $(man_parts)
	$(man_fill) OPTIONS 'relayd/relayd --man-options' \
	EXAMPLE 'example $(srcdir)/etc/relayd.conf' <$< >$@.new && mv $@.new $@

doc/man/qkdmod.conf.5: doc/man/qkdmod.conf.5.in qkdmod/qkdmod$(EXEEXT) \
    etc/qkdmod-example.conf $(man_parts)
	$(man_fill) OPTIONS 'qkdmod/qkdmod --man-options' \
	EXAMPLE 'example $(srcdir)/etc/qkdmod-example.conf' <$< >$@.new && \
	mv $@.new $@
