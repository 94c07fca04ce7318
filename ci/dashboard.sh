#!/usr/bin/env bash
# Reads docs/operations/dashboard.json with what Grafana publishes of its format, since no Grafana can be had from the
# registries that a build machine reaches: the dashboard must be of the type that @grafana/schema has (npm, TypeScript),
# and grafana-foundation-sdk (PyPI) must read it and write it again without losing or changing anything.
# Whether the expressions mean something, `ci/metrics.sh` asks a real Prometheus.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dashboard=$PWD/docs/operations/dashboard.json
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet 'grafana-foundation-sdk==1769699998!10.1.0'
python/bin/python - "$dashboard" <<'PYTHON'
import json, sys
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.models.prometheus import Dataquery

plugins.register_default_plugins()
source = json.load(open(sys.argv[1]))
read = Dashboard.from_json(source)
again = json.loads(JSONEncoder().encode(read))


def differences(one, other, path):
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            if key in other:
                yield from differences(value, other[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is lost"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other)):
            yield from differences(left, right, f"{path}[{at}]")
    elif one != other:
        yield f"{path} is {other!r} and was {one!r}"


found = list(differences(source, again, ""))
queries = [query for panel in read.panels for query in panel.targets or []]
found += [f"{query} is no query of Prometheus" for query in queries if not isinstance(query, Dataquery)]
if found:
    sys.exit("\n".join(found))
print(f"grafana-foundation-sdk reads {len(read.panels)} panels with {len(queries)} queries and loses nothing")
PYTHON

npm install --silent --ignore-scripts --no-save --prefix . @grafana/schema@13.2.3 typescript@5 >/dev/null 2>&1
{
    echo "import type { Dashboard } from '@grafana/schema';"
    echo 'export const dashboard: Dashboard ='
    cat "$dashboard"
    echo ';'
} >dashboard.ts
node_modules/.bin/tsc --strict --noEmit --skipLibCheck --target es2022 --module nodenext dashboard.ts
echo 'it is a Dashboard of @grafana/schema 13.2.3'
