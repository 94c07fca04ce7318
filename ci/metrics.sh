#!/usr/bin/env bash
# Plays the headless example with `--metrics`, has a real Prometheus (Debian: apt-get install prometheus) scrape it, and checks
# that it knows every metric that the dashboard and the alert rules ask for, and answers each panel of the dashboard; checks
# and tests the rules with promtool; and looks what is said without the feature and of a port that is taken.
set -euo pipefail
# Feature: Metrics, rules for Prometheus and a dashboard work with a plain exporter.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}"
profile=${PROFILE:-release}
flags=(); [ "$profile" = dev ] || flags=(--profile "$profile")
directory=$CARGO_TARGET_DIR/$([ "$profile" = dev ] && echo debug || echo "$profile")
work=$(mktemp -d)
started=()
trap 'for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -r "$work"' EXIT

promtool check rules docs/operations/alerts.yml
(cd docs/operations && promtool test rules alerts_test.yml)

cargo build --quiet "${flags[@]}" --example headless --features metrics
headless=$directory/examples/headless
game=127.0.0.1:${GAME_PORT:-19400} server=127.0.0.1:${SERVER_PORT:-19090}

"$headless" --data "$work/data" --json --checkpoint-ms 200 --metrics "$game" >"$work/game" 2>&1 &
started+=($!)
for _ in $(seq 100); do curl --silent --fail "http://$game/metrics" >"$work/text" && break; sleep 0.1; done
if "$headless" --data "$work/other" --seconds 1 --metrics "$game" 2>"$work/taken"; then
    echo 'a port that is taken should be an error' && exit 1
fi
grep --quiet "can't be served on $game" "$work/taken" || { cat "$work/taken"; exit 1; }
cat "$work/taken"

cat >"$work/prometheus.yml" <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ $PWD/docs/operations/alerts.yml ]
scrape_configs: [ { job_name: headless, static_configs: [ { targets: [ "$game" ] } ] } ]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="$server" >"$work/prometheus" 2>&1 &
started+=($!)
query() { curl --silent --get --data-urlencode "query=$1" "http://$server/api/v1/query"; }
for _ in $(seq 300); do
    query 'bevy_session_checkpoints_total{kind="auto",result="ok"} > 10' | grep --quiet '"value"' && break
    sleep 0.1
done
curl --silent "http://$game/metrics" >"$work/text"
promtool check metrics <"$work/text" || { echo 'promtool finds fault with names'; exit 1; }

# What isn't counted before something goes wrong, and what this system may not know.
missing=0
for metric in $(grep -oh 'bevy_session_[a-z_]*' docs/operations/alerts.yml docs/operations/dashboard.json | sort -u); do
    if query "$metric" | grep --quiet '"value"'; then echo "scraped: $metric"; else echo "missing: $metric"; missing=1; fi
done
[ "$missing" = 0 ] || exit 1
# The expressions of the dashboard's panels with what a reader may choose for the variable.
expressions() {
    python3 -c 'import json, sys
for panel in json.load(open(sys.argv[1]))["panels"]:
    for query in panel["targets"]: print(query["expr"].replace("$instance", ".*"))' docs/operations/dashboard.json
}
while read -r expression; do
    answer=$(query "$expression")
    grep --quiet '"status":"success"' <<<"$answer" || { echo "$expression: $answer"; exit 1; }
    grep --quiet '"value"' <<<"$answer" && echo "answered: $expression" || echo "nothing yet: $expression"
done < <(expressions)
printf 'checkpoints: %s\n' "$(query 'sum(bevy_session_checkpoints_total)' | grep -o '"[0-9.]*"\]' | tr -d '"]')"
printf 'p95 until durable: %s s\n' "$(query 'histogram_quantile(0.95, sum by (le) (bevy_session_operation_duration_seconds_bucket{operation="checkpoint"}))' | grep -o '"[0-9.e-]*"\]' | tr -d '"]')"
rules=$(curl --silent "http://$server/api/v1/rules")
[ "$(grep -o '"health":"ok"' <<<"$rules" | wc -l)" = 8 ] || { echo "$rules"; exit 1; }
echo 'all rules are evaluated'
