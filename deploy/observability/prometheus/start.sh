#!/bin/sh
# The token of /metrics comes as a variable, and Prometheus reads it from a file.
set -eu
printf '%s' "${METRICS_TOKEN:-none}" >/run/prometheus/metrics-token
exec /bin/prometheus \
  --config.file=/etc/prometheus/prometheus.yml \
  --storage.tsdb.path=/prometheus \
  --storage.tsdb.retention.time="${PROMETHEUS_RETENTION:-30d}"
