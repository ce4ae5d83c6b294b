# etc: what an operator starts from
dist_bin_SCRIPTS = etc/qkdnode-pki
dist_daemon_SCRIPTS = etc/init
exampledir = $(docdir)/examples
dist_example_DATA = etc/kma.conf etc/ksa.conf etc/relayd.conf \
	etc/qkdmod-example.conf
# For those who watch it.
prometheusdir = $(docdir)/examples/prometheus
dist_prometheus_DATA = etc/prometheus/qkdnode.rules.yml \
	etc/prometheus/prometheus.yml
grafanadir = $(docdir)/examples/grafana
dist_grafana_DATA = etc/grafana/qkdnode.json
